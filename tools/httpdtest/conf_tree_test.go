//go:build httpdtest

package httpdtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// confTree makes random trees of configuration files with everything in them
// that decides what httpd reads. Nothing in a tree is wrong by itself, but what
// comes together may be.
type confTree struct {
	rnd    *rand.Rand
	dir    string
	port   int
	files  map[string]*strings.Builder
	text   *strings.Builder // of the file at hand
	level  int              // of sections and files inside each other
	vhost  bool             // inside <VirtualHost>
	macros []confMacro
	vhosts int
	marks  int
}

type confMacro struct {
	name   string
	params int
	vhost  bool // it brings a <VirtualHost>
}

// newConfTree writes a tree below dir and returns the path of its first file.
func newConfTree(t *testing.T, rnd *rand.Rand, dir string, port int) (path string, tree *confTree) {
	t.Helper()
	g := &confTree{rnd: rnd, dir: dir, port: port, files: map[string]*strings.Builder{}, text: &strings.Builder{}}
	g.files["httpd.conf"] = g.text
	g.line("ServerName main.example")
	g.line("Listen 127.0.0.1:%d", port)
	g.line("PidFile httpd.pid")
	g.line("DefaultRuntimeDir %s", dir)
	g.line("ErrorLog error.log")
	if os.Geteuid() == 0 {
		g.line("User www-data")
		g.line("Group www-data")
	}
	for _, m := range []string{"mpm_event", "authz_core", "macro"} {
		g.line("LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so", m, m)
	}
	g.statements(12 + rnd.IntN(12))
	for name, text := range g.files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, sub := range []string{"logs", "logs/x y", "logs/v"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "httpd.conf"), g
}

func (g *confTree) pick(words ...string) string { return words[g.rnd.IntN(len(words))] }

// chance is true n times of a hundred.
func (g *confTree) chance(n int) bool { return g.rnd.IntN(100) < n }

// line writes a directive with odd white space, odd case and continuations.
func (g *confTree) line(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if g.chance(10) {
		name, rest, _ := strings.Cut(text, " ")
		text = g.pick(strings.ToLower(name), strings.ToUpper(name)) + " " + rest
	}
	if i := strings.IndexByte(text, ' '); i > 0 && g.chance(10) {
		text = text[:i] + " \\\n" + g.pick("", "\t", "  ") + text[i:]
	}
	end := "\n"
	if g.chance(5) {
		end = g.pick(" \n", "\r\n", "\t\n")
	}
	g.text.WriteString(strings.Repeat(g.pick(" ", "\t"), g.rnd.IntN(3)) + text + end)
	if g.chance(5) {
		g.text.WriteString(g.pick("\n", "# comment\n", "  # continued \\\nCustomLog /not/read x\n", "\\\n\n"))
	}
}

func (g *confTree) statements(n int) {
	for range n {
		g.statement()
	}
}

func (g *confTree) statement() {
	deep := g.level > 4
	switch k := g.rnd.IntN(100); {
	case k < 16:
		g.logFormat()
	case k < 40:
		g.log()
	case k < 48:
		g.define()
	case k < 60 && !deep:
		g.condition()
	case k < 72 && !deep:
		g.include()
	case k < 80 && !deep && !g.vhost:
		g.virtualHost(g.serverName())
	case k < 86 && !deep:
		g.macro()
	case k < 92:
		g.use()
	case k < 95:
		g.section("<Directory /srv>", "</Directory>", func() { g.line("AllowOverride None") })
	case k < 97:
		g.line("LoadModule %s_module /usr/lib/apache2/modules/mod_%[1]s.so", g.pick("env", "headers", "alias"))
	default:
		g.line("ServerAdmin %s@example", g.pick("a", "b"))
	}
}

func (g *confTree) serverName() string {
	g.vhosts++
	return fmt.Sprintf("v%d.example", g.vhosts)
}

// name is that of a format; case means nothing.
func (g *confTree) name() string { return g.pick("a", "b", "c", "A", "B", "d") }

// format is one that tells itself apart in a log.
func (g *confTree) format() string {
	g.marks++
	text := fmt.Sprintf("F%d%s %%v", g.marks, g.pick("", "", "-${V1}", "-${v2}", "-${UNSET}", " x y"))
	switch {
	case strings.Contains(text, " x") || g.chance(50):
		return `"` + strings.ReplaceAll(text, "F", `F\"`) + `"`
	case g.chance(50):
		return `'` + text + ` "q"'`
	default:
		return strings.ReplaceAll(text, " ", "|")
	}
}

func (g *confTree) logFormat() {
	switch {
	case g.chance(70):
		g.line("LogFormat %s %s", g.format(), g.name())
	case g.chance(50):
		g.line("LogFormat %s", g.format())
	default:
		g.line("LogFormat %s", g.name())
	}
}

func (g *confTree) log() {
	target := g.pick("logs/a.log", "logs/b.log", "logs/c.log", "logs/d-${V1}.log", "'logs/x y/e.log'", fmt.Sprintf("%s/logs/f.log", g.dir))
	if strings.Contains(target, "$") || g.chance(20) {
		target = `"` + strings.Trim(target, "'") + `"`
	}
	format := g.name()
	if g.chance(30) {
		format = g.format()
	}
	clause := g.pick("", "", "", " env=!never", ` "expr=true"`)
	switch {
	case g.chance(15):
		g.line("TransferLog %s", target)
	case g.chance(10) && !g.vhost:
		g.line("GlobalLog %s %s%s", target, format, clause)
	default:
		g.line("CustomLog %s %s%s", target, format, clause)
	}
}

func (g *confTree) define() {
	switch v := g.pick("V1", "V2", "v1"); {
	case g.chance(60):
		g.line("Define %s %s", v, g.pick("one", "two", `"three words"`, "'${V2}'"))
	case g.chance(50):
		g.line("Define %s", g.pick("FLAG", "V1"))
	default:
		g.line("UnDefine %s", v)
	}
}

func (g *confTree) section(begin, end string, body func()) {
	g.line("%s", begin)
	g.level++
	body()
	g.level--
	g.line("%s", end)
}

func (g *confTree) condition() {
	not := g.pick("", "", "!")
	kind, test := "IfDefine", g.pick("FLAG", "V1", "V2", "v1", "NEVER")
	switch g.rnd.IntN(4) {
	case 0:
		kind, test = "IfModule", g.pick("log_config_module", "mod_log_config.c", "env_module", "mod_headers.c", "event.c", "worker.c", "core.c", "http_core.c", "mod_logio.c", "alias_module", "MOD_ENV.C")
	case 1:
		kind, test = "IfVersion", g.pick(">= 2.4", "2.2", "< 2.4.1", "> 2.3", "~ ^2\\.4\\.", "= /^1/", "!= 2.4.1", `"<=" 2.5`)
		if strings.Contains(test, " ") {
			not = ""
		}
	case 2:
		kind, test = "IfFile", g.pick("httpd.conf", "nothere", filepath.Join(g.dir, "logs"), `"logs/x y"`)
	}
	g.section("<"+kind+" "+not+test+">", "</"+kind+">", func() { g.statements(1 + g.rnd.IntN(4)) })
}

func (g *confTree) virtualHost(name string) {
	g.vhost = true
	g.section(fmt.Sprintf("<VirtualHost 127.0.0.1:%d>", g.port), "</VirtualHost>", func() {
		g.line("ServerName %s", name)
		g.statements(g.rnd.IntN(5))
	})
	g.vhost = false
}

// include writes files and a directive that names them, and others too.
func (g *confTree) include() {
	sub := g.pick("inc", "inc.d", "inc.d/deep", "more")
	var names []string
	for range 1 + g.rnd.IntN(3) {
		name := sub + "/" + g.pick("a", "b", "B", "z", "10", "9", ".h", "a.b") + g.pick(".conf", ".conf", "", ".conf~")
		if g.files[name] != nil {
			continue // another Include may be reading it
		}
		above := g.text
		g.text = &strings.Builder{}
		g.level++
		g.statements(g.rnd.IntN(4))
		g.level--
		g.files[name], g.text = g.text, above
		names = append(names, name)
	}
	word := g.pick("Include", "IncludeOptional")
	switch {
	case len(names) > 0 && g.chance(40):
		g.line("%s %s", word, names[0])
	case g.chance(30):
		g.line("%s %s", word, g.pick(sub, sub+"/", filepath.Join(g.dir, sub)))
	case g.chance(70):
		g.line("IncludeOptional %s", sub+"/"+g.pick("*.conf", "*", "?.conf", "[ab]*", "[!a]*.conf", "[^z]*", "[A-Z].conf", ".*", "nothere*"))
	default:
		g.line("IncludeOptional %s", g.pick("i*/*.conf", "*/[0-9]*", "*/*/a.conf", "i*c/a", "nothere/*"))
	}
}

// macro defines one, or one with another in it.
func (g *confTree) macro() {
	m := confMacro{name: g.pick("m1", "m2", "M3"), params: g.rnd.IntN(3), vhost: !g.vhost && g.chance(40)}
	var params []string
	for i := range m.params {
		params = append(params, g.pick("$", "%", "@")+[]string{"p", "par"}[i])
	}
	used := func(i int, otherwise string) string {
		if i < len(params) {
			return params[i]
		}
		return otherwise
	}
	g.section(strings.TrimSuffix("<Macro "+m.name+" "+strings.Join(params, " "), " ")+">", "</Macro>", func() {
		if m.vhost {
			g.line("<VirtualHost 127.0.0.1:%d>", g.port)
			g.line("ServerName %s", g.serverName())
		}
		for range g.rnd.IntN(3) {
			g.line("CustomLog logs/v/%s.log %s", used(0, "m"), used(1, g.name()))
		}
		if g.chance(20) {
			g.line("# not a line of the macro")
		}
		if g.chance(20) && len(g.macros) > 0 {
			g.use()
		}
		if m.vhost {
			g.line("</VirtualHost>")
		}
	})
	g.macros = append(g.macros, m)
}

func (g *confTree) use() {
	if len(g.macros) == 0 {
		return
	}
	m := g.macros[g.rnd.IntN(len(g.macros))]
	if m.vhost && g.vhost && g.chance(90) {
		return
	}
	var values []string
	for range m.params {
		values = append(values, g.pick("a", "b", "one", "C", "$", `d"q`))
	}
	g.line("%s", strings.TrimSuffix("Use "+m.name+" "+strings.Join(values, " "), " "))
	if g.chance(5) {
		g.line("UndefMacro %s", m.name)
	}
}
