// Package browser tests the page that review writes in headless Chromium, in a module of its own so that what drives
// the browser never becomes a dependency of the tool.
package browser
