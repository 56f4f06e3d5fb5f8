// Package statustest looks at logfeed's status page in a real browser, headless
// Chromium. `make status-test` runs it; the tests are behind the build tag
// statustest because they need Debian's package chromium.
package statustest
