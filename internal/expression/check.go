package expression

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

// builtins are the functions of the library that depend on nothing but their
// arguments, always end well, and bound what they make of them.
var builtins = []string{"all", "any", "hasPrefix", "hasSuffix", "indexOf", "len", "lower", "none", "split", "trim", "trimPrefix", "trimSuffix", "upper"}

const (
	directiveCall = "directive"
	cidrCall      = "cidr"
)

// settings are what the library has to know of the language. Texts are names
// that the table of fields has not.
func settings(texts ...string) *conf.Config {
	env := make(map[string]any)
	for _, f := range fields {
		env[f.name] = f.zero()
	}
	for _, name := range texts {
		env[name] = ""
	}
	c := conf.New(env)
	expr.Function(directiveCall, nil, new(func(string) string))(c)
	expr.Function(cidrCall, cidrSlowly, new(func(string, ...string) bool))(c)
	for name := range c.Builtins {
		if !slices.Contains(builtins, name) {
			c.Disabled[name] = true
			delete(c.Builtins, name)
		}
	}
	c.Strict = false // unknown names are told here, all at once
	return c
}

// check collects everything that is wrong with one expression. What was told
// is put right in the tree, so that the library's check of the types, which
// ends at its first error, can go on behind it.
type check struct {
	text     string
	config   *conf.Config
	uses     []use
	mistakes []*Mistake
}

// mistake adds one at a place in the library's counting, which is of runes.
func (c *check) mistake(at file.Location, format string, args ...any) {
	column := 0
	for range at.From {
		_, n := utf8.DecodeRuneInString(c.text[column:])
		column += n
	}
	c.mistakes = append(c.mistakes, &Mistake{column + 1, fmt.Sprintf(format, args...)})
}

// unread tells why the text could not be parsed.
func (c *check) unread(err error) {
	at, ok := errors.AsType[*file.Error](err)
	if !ok {
		c.mistake(file.Location{}, "%v", err)
		return
	}
	reason := at.Message
	switch {
	case reason == "unexpected token EOF":
		reason = "the expression ends too early"
	case strings.Contains(reason, `Operator("=")`):
		reason += "; equality is =="
	case strings.Contains(reason, "invalid char escape"):
		reason += `; a backslash is written "\\", or in back quotes as it stands`
	}
	c.mistake(at.Location, "%s", reason)
}

func (c *check) whole(tree *parser.Tree) {
	c.node(&tree.Node)
	c.types(tree)
	if len(c.mistakes) > 0 {
		return
	}
	if tree.Node.Type().Kind() != reflect.Bool {
		c.mistake(tree.Node.Location(), "this is %s, and what is wanted is true or false; compare it with something", kindOf(tree.Node))
	}
}

// node checks everything but types.
func (c *check) node(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.PointerNode:
	case *ast.IdentifierNode:
		c.identifier(n)
	case *ast.UnaryNode:
		c.node(&n.Node)
	case *ast.BinaryNode:
		c.binary(n)
	case *ast.ConditionalNode:
		c.nodes(&n.Cond, &n.Exp1, &n.Exp2)
	case *ast.ArrayNode:
		c.array(n)
	case *ast.PredicateNode:
		c.node(&n.Node)
	case *ast.BuiltinNode:
		if !slices.Contains(builtins, n.Name) {
			c.function(node, n.Name)
			return
		}
		for i := range n.Arguments {
			c.node(&n.Arguments[i])
		}
	case *ast.CallNode:
		c.call(node, n)
	case *ast.NilNode:
		c.mistake(n.Location(), `nothing is nil here: an absent text is "", and an absent number is 0`)
	default:
		c.mistake(n.Location(), "this is part of no expression here; known are fields, literals, lists, and the operators and functions of the manual")
		c.mend(node)
	}
}

func (c *check) nodes(all ...*ast.Node) {
	for _, n := range all {
		c.node(n)
	}
}

// mend puts something in the place of a mistake that goes with everything.
func (c *check) mend(node *ast.Node) {
	ast.Patch(node, &ast.IdentifierNode{Value: "a name that is unknown"})
}

func (c *check) identifier(n *ast.IdentifierNode) {
	f, ok := known(n.Value)
	if !ok {
		c.mistake(n.Location(), "unknown field %q; known are %s, and any directive of the format as directive(\"%%{X-Tenant}i\")", n.Value, names())
		return
	}
	c.use(f, n.Location())
}

func (c *check) use(f field, at file.Location) {
	before := len(c.mistakes)
	c.mistake(at, "")
	c.uses = append(c.uses, use{f, c.mistakes[before].Column})
	c.mistakes = c.mistakes[:before]
}

func (c *check) function(node *ast.Node, name string) {
	c.mistake((*node).Location(), "unknown function %q; known are %s, %s, %s", name, cidrCall, directiveCall, strings.Join(builtins, ", "))
	c.mend(node)
}

// call checks one of our own functions. directive becomes a field of that name.
func (c *check) call(node *ast.Node, n *ast.CallNode) {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	switch {
	case !ok:
		c.mistake(n.Location(), "this is no function; known are %s, %s, %s", cidrCall, directiveCall, strings.Join(builtins, ", "))
		c.mend(node)
	case callee.Value == directiveCall:
		text, ok := literal(n.Arguments)
		if !ok {
			c.mistake(n.Location(), "directive takes one literal; right would be directive(\"%%{X-Tenant}i\")")
			c.mend(node)
			return
		}
		c.use(asked(text), n.Arguments[0].Location())
	case callee.Value == cidrCall:
		c.networks(n)
	default:
		c.function(node, callee.Value)
	}
}

// literal returns the text that is the only argument.
func literal(arguments []ast.Node) (string, bool) {
	if len(arguments) != 1 {
		return "", false
	}
	s, ok := arguments[0].(*ast.StringNode)
	if !ok {
		return "", false
	}
	return s.Value, true
}

func (c *check) networks(n *ast.CallNode) {
	if len(n.Arguments) < 2 {
		c.mistake(n.Location(), "cidr takes an address and networks; right would be cidr(host, \"192.0.2.0/24\")")
		return
	}
	c.node(&n.Arguments[0])
	for _, a := range n.Arguments[1:] {
		s, ok := a.(*ast.StringNode)
		if !ok {
			c.mistake(a.Location(), "a network is a literal; right would be \"192.0.2.0/24\"")
			continue
		}
		if _, err := network(s.Value); err != nil {
			c.mistake(a.Location(), "%v", err)
		}
	}
}

// operators are those of which nothing can go wrong with any line.
var operators = []string{"==", "!=", "<", "<=", ">", ">=", "and", "&&", "or", "||", "in", "contains", "startsWith", "endsWith", "matches", "+", "-", "*", "/"}

func (c *check) binary(n *ast.BinaryNode) {
	if !slices.Contains(operators, n.Operator) {
		c.mistake(n.Location(), "unknown operator %s; known are %s", n.Operator, strings.Join(operators, ", "))
	}
	c.node(&n.Left)
	switch n.Operator {
	case "matches":
		c.pattern(n)
		return
	case "in":
		if c.span(n) {
			return
		}
		fallthrough
	case "==", "!=":
		c.dash(n.Left)
		c.dash(n.Right)
	}
	c.node(&n.Right)
}

// dash tells that no text is ever a dash.
func (c *check) dash(n ast.Node) {
	switch n := n.(type) {
	case *ast.StringNode:
		if n.Value == "-" {
			c.mistake(n.Location(), `"-" stands in a log for what is absent, which is "" here`)
		}
	case *ast.ArrayNode:
		for _, one := range n.Nodes {
			c.dash(one)
		}
	}
}

func (c *check) pattern(n *ast.BinaryNode) {
	s, ok := n.Right.(*ast.StringNode)
	if !ok {
		c.mistake(n.Right.Location(), "a pattern is a literal")
		c.mend(&n.Right)
		return
	}
	if _, err := regexp.Compile(s.Value); err != nil {
		c.mistake(s.Location(), "%v", err)
		s.Value = ""
	}
}

// span checks a range, and says whether there is one. The library makes a list
// of it unless the bounds are literals and stand behind a whole number.
func (c *check) span(n *ast.BinaryNode) bool {
	bounds, ok := n.Right.(*ast.BinaryNode)
	if !ok || bounds.Operator != ".." {
		return false
	}
	_, from := bounds.Left.(*ast.IntegerNode)
	_, to := bounds.Right.(*ast.IntegerNode)
	name, _ := n.Left.(*ast.IdentifierNode)
	if name != nil {
		f, _ := known(name.Value)
		from = from && f.whole()
	}
	if !from || !to || name == nil {
		c.mistake(bounds.Location(), "a range has two whole numbers and stands behind status or bytes; right would be status in 500..599")
		c.mend(&n.Right)
	}
	return true
}

// array checks that a list has literals of one type. The library would take a
// text among numbers, which none of them ever equals.
func (c *check) array(n *ast.ArrayNode) {
	for i, one := range n.Nodes {
		kind := literalKind(one)
		if kind == none || kind != literalKind(n.Nodes[0]) {
			c.mistake(one.Location(), "a list has literals of one type")
			c.mend(&n.Nodes[i])
		}
	}
}

type kind int

const (
	none kind = iota
	textLiteral
	numberLiteral
)

func literalKind(node ast.Node) kind {
	switch node.(type) {
	case *ast.StringNode:
		return textLiteral
	case *ast.IntegerNode, *ast.FloatNode:
		return numberLiteral
	}
	return none
}

// types has the library check types, again and again behind each mistake.
func (c *check) types(tree *parser.Tree) {
	told := make(map[file.Location]bool)
	for {
		_, err := checker.Check(tree, c.config)
		at, ok := errors.AsType[*file.Error](err)
		if !ok || told[at.Location] {
			return
		}
		told[at.Location] = true
		f := &finder{at: at.Location}
		ast.Walk(&tree.Node, f)
		if f.node == nil {
			c.mistake(at.Location, "%s", at.Message)
			return
		}
		c.mistake(at.Location, "%s", mismatch(*f.node, at.Message))
		c.mend(f.node)
	}
}

// finder finds the innermost node of a place.
type finder struct {
	at   file.Location
	node *ast.Node
}

// Visit is shown every node after those below it.
func (f *finder) Visit(node *ast.Node) {
	if f.node == nil && (*node).Location() == f.at {
		f.node = node
	}
}

// mismatch says what is wrong with the types of a node, in our words where the
// library speaks of Go's.
func mismatch(node ast.Node, reason string) string {
	switch n := node.(type) {
	case *ast.BinaryNode:
		return fmt.Sprintf("%s does not go with %s and %s", n.Operator, kindOf(n.Left), kindOf(n.Right))
	case *ast.UnaryNode:
		return fmt.Sprintf("%s does not go with %s", n.Operator, kindOf(n.Node))
	}
	return reason
}

// kindOf names the type of a node.
func kindOf(node ast.Node) string {
	if a, ok := node.(*ast.ArrayNode); ok && len(a.Nodes) > 0 {
		return "a list that begins with " + kindOf(a.Nodes[0])
	}
	switch t := node.Type(); t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Int, reflect.Int64, reflect.Float64:
		return "a number"
	default:
		return t.String()
	}
}
