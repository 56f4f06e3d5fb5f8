package expression

import (
	"bytes"
	"regexp"

	"github.com/expr-lang/expr/ast"

	"github.com/logfeed/logfeed/internal/apachelog"
)

// A test is a part of an expression that is true or false of a line.
type test func(*Line) bool

// A slot is the place in a Line where the value of a field is kept.
type slot struct {
	field field
	index int
}

// compile makes a test of a node that has no mistakes. Its fields have slots.
func compile(node ast.Node, slots map[string]slot) test {
	switch n := node.(type) {
	case *ast.BoolNode:
		return func(*Line) bool { return n.Value }
	case *ast.UnaryNode:
		inner := compile(n.Node, slots) // nothing but "not" is true or false
		return func(l *Line) bool { return !inner(l) }
	case *ast.CallNode:
		if t := cidrTest(n, slots); t != nil {
			return t
		}
	case *ast.BinaryNode:
		if t := binaryTest(n, slots); t != nil {
			return t
		}
	}
	return machineTest(node, slots)
}

// binaryTest returns nil for what has no shape of its own.
func binaryTest(n *ast.BinaryNode, slots map[string]slot) test {
	switch n.Operator {
	case "and", "&&":
		left, right := compile(n.Left, slots), compile(n.Right, slots)
		return func(l *Line) bool { return left(l) && right(l) }
	case "or", "||":
		left, right := compile(n.Left, slots), compile(n.Right, slots)
		return func(l *Line) bool { return left(l) || right(l) }
	}
	field, operator, operand := n.Left, n.Operator, n.Right
	if turned, ok := mirrored[operator]; ok && slotName(field) == "" {
		field, operator, operand = operand, turned, field
	}
	s, ok := slots[slotName(field)]
	switch {
	case !ok:
		return nil
	case s.field.number == 0:
		return textTest(s.index, operator, operand)
	case s.field.number == apachelog.Duration:
		return durationTest(operator, operand)
	default:
		return wholeTest(s.field.number, operator, operand)
	}
}

// mirrored has the operators that may have their operands the other way round.
var mirrored = map[string]string{"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

// slotName is the name of the field that a node is, "" if it is none.
func slotName(node ast.Node) string {
	switch n := node.(type) {
	case *ast.IdentifierNode:
		return n.Value
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok && callee.Value == directiveCall {
			text, _ := literal(n.Arguments)
			return asked(text).name
		}
	}
	return ""
}

// textTest compares a text with a literal.
func textTest(slot int, operator string, operand ast.Node) test {
	if array, ok := operand.(*ast.ArrayNode); ok {
		return textIn(slot, array)
	}
	s, ok := operand.(*ast.StringNode)
	if !ok {
		return nil
	}
	want := []byte(s.Value)
	switch operator {
	case "==":
		return func(l *Line) bool { return bytes.Equal(l.text(slot), want) }
	case "!=":
		return func(l *Line) bool { return !bytes.Equal(l.text(slot), want) }
	case "startsWith":
		return func(l *Line) bool { return bytes.HasPrefix(l.text(slot), want) }
	case "endsWith":
		return func(l *Line) bool { return bytes.HasSuffix(l.text(slot), want) }
	case "contains":
		return func(l *Line) bool { return bytes.Contains(l.text(slot), want) }
	case "matches":
		pattern := regexp.MustCompile(s.Value)
		return func(l *Line) bool { return pattern.Match(l.text(slot)) }
	}
	return nil
}

// textIn looks a text up in a list of literals.
func textIn(slot int, array *ast.ArrayNode) test {
	list := make(map[string]bool)
	for _, one := range array.Nodes {
		s, ok := one.(*ast.StringNode)
		if !ok {
			return nil
		}
		list[s.Value] = true
	}
	return func(l *Line) bool { return list[string(l.text(slot))] }
}

// wholeTest compares a whole number with literals.
func wholeTest(of apachelog.Field, operator string, operand ast.Node) test {
	switch n := operand.(type) {
	case *ast.IntegerNode:
		if compare := ordered(operator, int64(n.Value)); compare != nil {
			return func(l *Line) bool { return compare(l.whole(of)) }
		}
	case *ast.ArrayNode:
		return wholeIn(of, n)
	case *ast.BinaryNode:
		from, ok := n.Left.(*ast.IntegerNode)
		if ok && n.Operator == ".." {
			low, high := int64(from.Value), int64(n.Right.(*ast.IntegerNode).Value)
			return func(l *Line) bool { return low <= l.whole(of) && l.whole(of) <= high }
		}
	}
	return nil
}

func wholeIn(of apachelog.Field, array *ast.ArrayNode) test {
	list := make(map[int64]bool)
	for _, one := range array.Nodes {
		n, ok := one.(*ast.IntegerNode)
		if !ok {
			return nil
		}
		list[int64(n.Value)] = true
	}
	return func(l *Line) bool { return list[l.whole(of)] }
}

// durationTest compares the duration with a literal.
func durationTest(operator string, operand ast.Node) test {
	var compare func(float64) bool
	switch n := operand.(type) {
	case *ast.IntegerNode:
		compare = ordered(operator, float64(n.Value))
	case *ast.FloatNode:
		compare = ordered(operator, n.Value)
	}
	if compare == nil {
		return nil
	}
	return func(l *Line) bool { return compare(l.milliseconds()) }
}

// ordered returns nil for an operator that does not compare.
func ordered[T int64 | float64](operator string, with T) func(T) bool {
	switch operator {
	case "==":
		return func(v T) bool { return v == with }
	case "!=":
		return func(v T) bool { return v != with }
	case "<":
		return func(v T) bool { return v < with }
	case "<=":
		return func(v T) bool { return v <= with }
	case ">":
		return func(v T) bool { return v > with }
	case ">=":
		return func(v T) bool { return v >= with }
	}
	return nil
}
