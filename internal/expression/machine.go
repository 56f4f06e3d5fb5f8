package expression

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/optimizer"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"github.com/logfeed/logfeed/internal/apachelog"
)

// machineTest has the library's machine evaluate a node. It is given the values
// of the fields that the node names, copied: the machine takes values of any
// type, which costs an allocation or two for each.
func machineTest(node ast.Node, slots map[string]slot) test {
	r := &renamer{slots: slots}
	ast.Walk(&node, r)
	program, err := compileFor(node, settings(r.directives()...))
	if err != nil {
		panic(fmt.Sprintf("expression %s was checked already: %v", node, err))
	}
	return func(l *Line) bool {
		for _, n := range r.used {
			l.values[n.name] = l.value(n.slot)
		}
		// The check admits only what cannot fail.
		result, err := l.machine.Run(program, l.values)
		return err == nil && result.(bool)
	}
}

// compileFor has the library compile a part of an expression.
func compileFor(node ast.Node, config *conf.Config) (*vm.Program, error) {
	tree := &parser.Tree{Node: node}
	if _, err := checker.Check(tree, config); err != nil {
		return nil, err
	}
	if err := optimizer.Optimize(&tree.Node, config); err != nil {
		return nil, err
	}
	return compiler.Compile(tree, config)
}

// value is what the machine knows as the value of a field.
func (l *Line) value(s slot) any {
	switch s.field.number {
	case 0:
		return string(l.text(s.index))
	case apachelog.Status:
		return int(l.whole(s.field.number))
	case apachelog.Duration:
		return l.milliseconds()
	default:
		return l.whole(s.field.number)
	}
}

// renamer finds the fields of a node, and gives the calls of directive names
// that the machine can look up.
type renamer struct {
	slots map[string]slot
	used  []named
}

type named struct {
	name string
	slot slot
}

// Visit is shown every node after those below it.
func (r *renamer) Visit(node *ast.Node) {
	name := slotName(*node)
	s, ok := r.slots[name]
	if !ok {
		return
	}
	if _, call := (*node).(*ast.CallNode); call {
		name = fmt.Sprintf("%s_%d", directiveCall, s.index)
		ast.Patch(node, &ast.IdentifierNode{Value: name})
	}
	r.used = append(r.used, named{name, s})
}

// directives returns the names of the calls.
func (r *renamer) directives() []string {
	var all []string
	for _, n := range r.used {
		if strings.HasPrefix(n.name, directiveCall) {
			all = append(all, n.name)
		}
	}
	return all
}
