package apachelog

import "testing"

func TestFind(t *testing.T) {
	f := compile(t, `%v:%p %!200{X-Tenant}i "%r" %>s %<U %{SSL_PROTOCOL}x`)
	for directive, want := range map[string]int{
		"%v": 0, "%p": 1, "%{x-tenant}i": 2, "%{X-Tenant}i": 2, "%r": 3, "%s": 4, "%>s": 4, "%U": 5, "%{SSL_PROTOCOL}x": 6,
		"%V": -1, "%{Other}i": -1, "%i": -1, "text": -1, "%v%p": -1, "%": -1, "": -1, "%%": -1,
	} {
		i, ok := f.Find(directive)
		if ok != (want >= 0) || ok && i != want {
			t.Errorf("%s: %d, %t; want %d", directive, i, ok, want)
		}
	}
}
