package httpdconf

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// files makes a file system with the configuration /c/httpd.conf.
func files(conf string, more ...string) fstest.MapFS {
	m := fstest.MapFS{"c/httpd.conf": {Data: []byte(conf)}}
	for i := 0; i < len(more); i += 2 {
		m[more[i]] = &fstest.MapFile{Data: []byte(more[i+1])}
	}
	return m
}

// TestMistakes has every error name its place.
func TestMistakes(t *testing.T) {
	big := strings.Repeat("x", 2000)
	for conf, want := range map[string]string{
		"\nInclude nothere.conf":                           "/c/httpd.conf:2: could not open configuration file /c/nothere.conf: open c/nothere.conf: file does not exist; right would be a file that exists, or IncludeOptional",
		"Include *.nothere":                                "/c/httpd.conf:1: No matches for the wildcard '*.nothere' in '/c', failing; right would be IncludeOptional, if there may be none",
		"Include nothere/*.conf":                           "/c/httpd.conf:1: could not open directory /c/nothere: open c/nothere: file does not exist; right would be a file that exists, or IncludeOptional",
		"Include a b":                                      "/c/httpd.conf:1: Include takes one argument",
		"Include httpd.conf":                               "/c/httpd.conf:1: Exceeded maximum include depth of 128",
		"IncludeOptional *.conf":                           "/c/httpd.conf:1: Exceeded maximum include depth of 128",
		"Define A B\n<IfModule core.c>\nDefine":            "/c/httpd.conf:3: Define takes 1-2 arguments",
		"Define a:b":                                       "/c/httpd.conf:1: Variable name must not contain ':'",
		"<VirtualHost *:80>\n":                             "/c/httpd.conf:1: <VirtualHost> was not closed",
		"</VirtualHost>":                                   "/c/httpd.conf:1: </VirtualHost> without matching <VirtualHost> section",
		"<VirtualHost *:80>\n</Directory>":                 "/c/httpd.conf:2: Expected </VirtualHost> but saw </Directory>",
		"<VirtualHost *:80>\n</VirtualHost":                "/c/httpd.conf:2: </VirtualHost> directive missing closing '>'",
		"<VirtualHost *:80":                                "/c/httpd.conf:1: <VirtualHost> directive missing closing '>'",
		"<VirtualHost>\n</VirtualHost>":                    "/c/httpd.conf:1: <VirtualHost> directive requires additional arguments",
		"<VirtualHost *>\n<VirtualHost *>\n":               "/c/httpd.conf:2: <VirtualHost> cannot stand in <VirtualHost>",
		"<IfDefine X>\n<Files a>\n":                        "/c/httpd.conf:2: Expected </Files> before end of configuration",
		"<IfDefine X>\n</IfModule>":                        "/c/httpd.conf:2: Expected </IfDefine> but saw </IfModule>",
		"<IfDefine X>\n</":                                 "/c/httpd.conf:2: Expected </IfDefine> but saw </",
		"<IfDefine X":                                      "/c/httpd.conf:1: <IfDefine> directive missing closing '>'",
		"<IfDefine>\n</IfDefine>":                          "/c/httpd.conf:1: <IfDefine> directive requires additional arguments",
		"<IfVersion 2.x>\n":                                "/c/httpd.conf:1: Version appears to be invalid",
		"<IfVersion ?= 2.4>\n":                             "/c/httpd.conf:1: unrecognized operator '?='",
		"<IfVersion ~ (>\n":                                "/c/httpd.conf:1: Unable to compile regular expression",
		"<IfVersion = /a>\n":                               "/c/httpd.conf:1: Missing delimiting / of regular expression.",
		"<Macro M $a $a>\n</Macro>":                        "/c/httpd.conf:1: argument name conflict in macro 'm': argument '$a': #1 and #2",
		"<Macro M>\nListen 80\n":                           "/c/httpd.conf:1: macro 'm': expected token not found: </Macro>",
		"<Macro M>\nUse M\n</Macro>\nUse M":                "/c/httpd.conf:4 (macro m): recursive use of macro 'm' is invalid",
		"<Macro M $a>\n</Macro>\nUse M 1 2":                "/c/httpd.conf:3: macro 'm' used with 2 arguments instead of 1",
		"<Macro M $a>\n$a$a$a$a$a\n</Macro>\nUse M " + big: "/c/httpd.conf:4: macro 'm': cannot substitute, buffer size too small",
		"Use M":                                 "/c/httpd.conf:1: macro 'm' undefined",
		"UndefMacro M":                          "/c/httpd.conf:1: cannot remove undefined macro 'm'",
		"CustomLog a.log":                       `/c/httpd.conf:1: CustomLog takes two or three arguments, a file name, a custom log format string or format name, and an optional "env=" or "expr=" clause (see docs); right would be CustomLog logs/access.log combined`,
		"CustomLog 'a.log' b # trailing":        "/c/httpd.conf:1: CustomLog takes two or three arguments",
		"CustomLog a.log b \\\n c":              "/c/httpd.conf:2: error in condition clause; right would be env=NAME, env=!NAME or \"expr=EXPRESSION\"",
		"CustomLog a.log b env=!":               "/c/httpd.conf:1: missing environment variable name",
		"CustomLog a.log b expr=":               "/c/httpd.conf:1: missing condition",
		"LogFormat":                             "/c/httpd.conf:1: LogFormat takes 1-2 arguments",
		"LogFormat %h \"%r\" %b n":              "/c/httpd.conf:1: LogFormat takes 1-2 arguments",
		"TransferLog a b":                       "/c/httpd.conf:1: TransferLog takes one argument",
		"BufferedLogs yes":                      "/c/httpd.conf:1: BufferedLogs must be On or Off",
		"<Directory />\nCustomLog a b\n":        "/c/httpd.conf:2: CustomLog not allowed in <Directory> context",
		"<VirtualHost *>\nGlobalLog a b":        "/c/httpd.conf:2: GlobalLog cannot occur within <VirtualHost> section",
		"Define A " + strings.Repeat("${B}", 9): "",
	} {
		_, err := Read(files(conf), "/c/httpd.conf", Options{})
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", conf, err)
			}
			continue
		}
		var placed *Error
		if !errors.As(err, &placed) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q:\n got %v\nwant %s", conf, err, want)
		}
	}
}

// TestBounds has configurations that would become very large end soon.
func TestBounds(t *testing.T) {
	macros := "<Macro m0>\nListen 80\nListen 80\n</Macro>\n"
	for i := range 40 {
		macros += fmt.Sprintf("<Macro m%d>\nUse m%d\nUse m%d\n</Macro>\n", i+1, i, i)
	}
	defines := "Define A aaaaaaaaaa\n" + strings.Repeat("Define A ${A}${A}${A}${A}\n", 60)
	for name, conf := range map[string]string{"macros": macros + "Use m40\n", "defines": defines} {
		_, err := Read(files(conf), "/c/httpd.conf", Options{limit: 1 << 20})
		if !errors.Is(err, errTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := Read(files(strings.Repeat("#", maxBytes+1)), "/c/httpd.conf", Options{})
	if !errors.Is(err, errTooLarge) {
		t.Errorf("a large file: %v", err)
	}
	fsys := files("Include pipe")
	fsys["c/pipe"] = &fstest.MapFile{Mode: fs.ModeNamedPipe}
	if _, err := Read(fsys, "/c/httpd.conf", Options{}); err == nil || !strings.Contains(err.Error(), "/c/pipe: not a regular file") {
		t.Errorf("a pipe: %v", err)
	}
}

// TestVersions decides what is the same for every 2.4 and says what is not.
func TestVersions(t *testing.T) {
	for condition, want := range map[string]string{
		">= 2.4": "yes", "> 2.3": "yes", "2.4": "no", "= 2.4.1": "no doubtful", "< 2.4": "no", "<= 2.4": "no",
		"!>= 2.4": "no", "! 2.2": "yes", "~ ^2\\.4": "yes", "= /^2\\.[0-3]\\./": "no", "!= 2.2.1": "yes", ">= 2.4.10": "yes doubtful",
		"< 3": "yes", "> 2.4.0": "yes",
	} {
		c, err := Read(files("<IfVersion "+condition+">\nCustomLog a %t\n</IfVersion>\n"), "/c/httpd.conf", Options{})
		if err != nil {
			t.Errorf("%s: %v", condition, err)
			continue
		}
		got := "no"
		if len(c.Logs) > 0 {
			got = "yes"
		}
		if len(c.Warnings) > 0 {
			got += " doubtful"
		}
		if got != want {
			t.Errorf("<IfVersion %s>: %s, want %s", condition, got, want)
		}
	}
}

// TestVariables looks variables up where httpd would have them: in Define, which
// does not tell case apart, in its environment, and at last in logfeed's own.
func TestVariables(t *testing.T) {
	env := func(name string) (string, bool) { return "logfeed's", name == "MINE" || name == "BOTH" }
	conf := "Define Here h\nCustomLog \"${HERE}|${MINE}|${BOTH}|${THERE}|${A}|${here\" %t\nUnDefine Here\nCustomLog ${Here} %t\n" +
		"<IfDefine Here>\nCustomLog no %t\n</IfDefine>\n<IfDefine FLAG>\nCustomLog flag %t\n</IfDefine>\n"
	c, err := Read(fstest.MapFS{
		"c/apache2.conf": {Data: []byte(conf)},
		"c/envvars": {Data: []byte("export BOTH='of $httpd'\nTHERE=\"${X:-y}$BOTH\\$\" # comment\nA=$(date)\n" +
			"B=`date`\n: ${THERE:=z}\nexport APACHE_ARGUMENTS=\"-D FLAG\"\n")},
	}, "/c/apache2.conf", Options{Getenv: env})
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, l := range c.Logs {
		paths = append(paths, l.Path)
	}
	want := []string{"/c/h|logfeed's|of $httpd|yof $httpd$|${A}|${here", "/c/${Here}", "/c/flag"}
	if !slices.Equal(paths, want) {
		t.Errorf("paths %q, want %q", paths, want)
	}
	if len(c.Warnings) != 2 || c.Warnings[0].Place.String() != "/c/envvars:3" || len(c.Logs[0].Warnings) != 1 {
		t.Errorf("warnings %v, of the first log %q", c.Warnings, c.Logs[0].Warnings)
	}
}

// FuzzRead has any files end in a Config, or in an error with a place. Dump
// expands whatever Read does.
func FuzzRead(f *testing.F) {
	f.Add("Include b*\n<VirtualHost *:1>\nCustomLog a.log f\n</VirtualHost>", "LogFormat \"%h\" f\nUse m a\n", "<Macro m $x>\nCustomLog $x \"${Y} \\\"%r\"\n</Macro>\nDefine Y 1\n")
	f.Add("<IfModule !x.c>\nInclude /c/\n</IfModule>", "<IfVersion >= 2.4>\nTransferLog \"|rotatelogs a%Y 5\"\n</IfVersion>", "OPTIONS='-D x'\nA=${B:-c}\n: ${D:=$A}")
	f.Add("# In file: /c/a\n#   1:\n<VirtualHost *:1>\n  #   2:\n  CustomLog a b\nServerRoot: \"/x\"\n", "", "")
	f.Add(">", "", "") // a name that is nothing but the end of one
	f.Fuzz(func(t *testing.T, a, b, c string) {
		fsys := fstest.MapFS{
			"c/apache2.conf": {Data: []byte(a)}, "c/b": {Data: []byte(b)}, "c/conf/c": {Data: []byte(c)}, "c/envvars": {Data: []byte(c)},
		}
		_, err := Read(fsys, "/c/apache2.conf", Options{})
		var placed *Error
		if err != nil && (!errors.As(err, &placed) || placed.Place.File == "") {
			t.Fatalf("an error without a place: %v", err)
		}
		if isDump(a) {
			return
		}
		dumped := Dump(io.Discard, fsys, "/c/apache2.conf", Options{})
		if dumped != nil && err == nil {
			t.Fatalf("Dump fails where Read does not: %v", dumped)
		}
	})
}
