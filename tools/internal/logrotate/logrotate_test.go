package logrotate

import "testing"

func TestText(t *testing.T) {
	s := Stanza{Logs: "/logs/*.log", Directives: []string{"daily", "rotate 14"}, Postrotate: "touch /logs/reload"}
	want := "/logs/*.log {\n\tdaily\n\trotate 14\n\tpostrotate\n\t\ttouch /logs/reload\n\tendscript\n}\n"
	if got := s.text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
