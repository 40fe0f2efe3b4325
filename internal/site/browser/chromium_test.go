package browser

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

type action = chromedp.Action[chromedp.Void]

// A chromium is a tab of a running browser.
type chromium struct {
	ctx context.Context

	mu       sync.Mutex
	lines    []string        // what the console, exceptions and the browser's log say
	requests map[string]bool // the addresses that the page loads
}

// start starts Chromium, which ends with the test. It runs without its sandbox, because that needs privileges that
// containers lack; the pages are our own.
func start(t *testing.T) *chromium {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-dev-shm-usage", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	b := &chromium{requests: map[string]bool{}}
	b.ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	err := chromedp.Listen(b.ctx, b.listen)
	if err == nil {
		_, err = chromedp.Call(b.ctx, network.Enable, network.EnableParams{})
	}
	if err != nil {
		t.Fatalf("starting Chromium, Debian's package chromium: %v", err)
	}
	return b
}

func (b *chromium) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.lines = append(b.lines, fmt.Sprint(e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		b.lines = append(b.lines, fmt.Sprintf("console.%s", e.Type))
	case *log.EventEntryAdded:
		b.lines = append(b.lines, e.Entry.Text)
	case *network.EventRequestWillBeSent:
		b.requests[e.Request.URL] = true
	}
}

// problems returns what the browser has reported so far.
func (b *chromium) problems() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lines
}

// loaded returns the addresses that the page has loaded.
func (b *chromium) loaded() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.requests))
}

func (b *chromium) run(t *testing.T, actions ...action) {
	t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

func (b *chromium) open(t *testing.T, address string) {
	t.Helper()
	b.run(t, chromedp.Navigate("about:blank"))
	b.mu.Lock()
	clear(b.requests)
	b.mu.Unlock()
	b.run(t, chromedp.Navigate(address))
}

// eval returns an expression's value on the page.
func eval[T any](t *testing.T, b *chromium, expression string) T {
	t.Helper()
	return result(t, b, chromedp.Evaluate[T](expression))
}

// result runs an action and returns its result.
func result[T any](t *testing.T, b *chromium, a chromedp.Action[T]) T {
	t.Helper()
	value, err := chromedp.Run(b.ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func click(selector string) action { return chromedp.Click(chromedp.CSS(selector)) }

// emulated chooses the medium and the system's theme, "" for the usual one.
func emulated(medium, theme string) action {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
		})
		return err
	})
}

//go:embed contrast.js
var contrast string

// contrast checks that every text that is shown can be read: WCAG's level AA.
func (b *chromium) contrast(t *testing.T, theme string) {
	t.Helper()
	found := eval[struct {
		Texts int
		Dark  bool // the page's background
		Weak  []string
	}](t, b, contrast)
	if found.Texts < 100 || found.Dark != (theme == "dark") {
		t.Errorf("%s: %d texts, on dark: %v", theme, found.Texts, found.Dark)
	}
	for _, w := range found.Weak {
		t.Errorf("%s: %s", theme, w)
	}
}
