package httpdconf

import (
	"slices"
	"strings"
)

// execute does what httpd does when it reads a directive, if it is one of those
// that act at once: what the next line means may depend on it. They are no part
// of the expanded configuration.
func (r *reader) execute(in *input, d directive) (done bool, err error) {
	switch fold(d.name) {
	case "include":
		return true, r.includeWord(in, d, false)
	case "includeoptional":
		return true, r.includeWord(in, d, true)
	case "loadmodule":
		return true, r.loadModule(in, d)
	case "define":
		return true, r.define(in, d)
	case "undefine":
		return true, r.undefine(in, d)
	case "serverroot":
		return true, r.setRoot(in, d)
	case "<macro":
		return true, defineMacro(r, in, d)
	case "use":
		return true, useMacro(r, in, d)
	case "undefmacro":
		return true, undefMacro(r, in, d)
	case "defaultruntimedir", "loadfile":
		return true, nil
	}
	if section := fold(d.name); isCondition(section) {
		met, err := r.condition(in, section, d)
		switch {
		case err != nil:
			return true, err
		case met:
			return true, r.body(in, d.name[1:])
		default:
			return true, r.skip(in, d.name[1:])
		}
	}
	return false, nil
}

// take returns between least and most words of a directive's arguments.
func take(in *input, d directive, least, most int, takes string) ([]string, error) {
	words := wordsOf(d.args)
	if len(words) < least || len(words) > most || words[0] == "" {
		return nil, in.wrong("%s takes %s", d.name, takes)
	}
	return words, nil
}

func (r *reader) includeWord(in *input, d directive, optional bool) error {
	words, err := take(in, d, 1, 1, "one argument, Name(s) of the config file(s) to be included; shell wildcard characters permitted")
	if err != nil {
		return err
	}
	for _, name := range d.vague {
		r.warn(in, "the variable %s is not defined here: what %s names may be missing", name, d.name)
	}
	return r.include(in, words[0], optional)
}

func (r *reader) loadModule(in *input, d directive) error {
	words, err := take(in, d, 2, 2, "two arguments, a module name and the name of a shared object file to load it from")
	if err != nil {
		return err
	}
	r.addModule(words[0])
	if strings.Contains(words[1], debianModules) {
		for _, m := range debianStatic() {
			r.addModule(m)
		}
	}
	return nil
}

// addModule makes <IfModule> see a module, by its identifier and by the name of
// its source file.
func (r *reader) addModule(identifier string) {
	r.modules[identifier] = true
	name, ok := strings.CutSuffix(identifier, "_module")
	if !ok {
		return
	}
	switch {
	case name == "core":
		name = "core.c"
	case name == "http":
		name = "http_core.c"
	case name == "mpm_itk":
		name = "mpm_itk.c"
	case strings.HasPrefix(name, "mpm_"):
		name = strings.TrimPrefix(name, "mpm_") + ".c"
	default:
		name = "mod_" + name + ".c"
	}
	r.modules[name] = true
}

func (r *reader) define(in *input, d directive) error {
	words, err := take(in, d, 1, 2, "1-2 arguments, Define a variable, optionally to a value")
	if err != nil {
		return err
	}
	if strings.Contains(words[0], ":") {
		return in.wrong("Variable name must not contain ':'")
	}
	if !slices.Contains(r.defines, words[0]) {
		r.defines = append(r.defines, words[0])
	}
	if len(words) == 2 {
		r.vars[fold(words[0])] = words[1]
	}
	return nil
}

func (r *reader) undefine(in *input, d directive) error {
	words, err := take(in, d, 1, 1, "one argument, Undefine a variable")
	if err != nil {
		return err
	}
	if strings.Contains(words[0], ":") {
		return in.wrong("Variable name must not contain ':'")
	}
	r.defines = slices.DeleteFunc(r.defines, func(s string) bool { return s == words[0] })
	delete(r.vars, fold(words[0]))
	return nil
}

func (r *reader) setRoot(in *input, d directive) error {
	words, err := take(in, d, 1, 1, "one argument, Common directory of server-related files (logs, confs, etc.)")
	if err != nil {
		return err
	}
	r.root = below("/", words[0])
	return nil
}
