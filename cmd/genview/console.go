package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// A console tells what is being done, so that nobody who waits wonders whether anything is.
//
// On a terminal that is one line at the bottom, which is written over again and again with carriage returns and spaces alone: these are
// obeyed everywhere, by dumb terminals and by Windows'. Elsewhere it is a line whenever nothing was written for a while. A nil console
// tells nothing. It is safe for concurrent use.
type console struct {
	columns func() int // of the terminal; nil where there is none
	status  io.Writer  // a terminal for the line at the bottom, and for what is said

	mu    sync.Mutex
	plain io.Writer // for lines where there is no terminal
	tasks []*task   // that are under way
	shown int       // columns of the terminal's line that are in use
	last  string    // what it shows
	heard time.Time // when something was written last
	stop  chan struct{}

	within  bool      // a line of what the command was asked for, which is not ended
	written time.Time // when a part of that was
	closed  bool
}

// A task is something that takes a while. A nil task is of a nil console.
type task struct {
	c     *console
	what  string
	began time.Time
	unit  string // of what is counted
	done  int    // of all
	all   int
	text  func(columns int) string // instead of what; nil: none
}

const (
	redrawn = 200 * time.Millisecond  // how often the line at the bottom is looked at
	patient = 400 * time.Millisecond  // what takes no longer is not told
	silence = 1600 * time.Millisecond // at most, where there is no terminal
	usual   = 80                      // columns of a terminal that does not say
)

// newConsole tells on stderr.
func newConsole() *console {
	c := &console{status: os.Stderr, plain: os.Stderr}
	if onTerminal(os.Stderr) {
		c.columns = func() int {
			if w, _, err := term.GetSize(int(os.Stderr.Fd())); err == nil && w > 0 {
				return w
			}
			return usual
		}
	}
	return c
}

// terminal tells whether the console is one.
func (c *console) terminal() bool { return c != nil && c.columns != nil }

// writeTo has lines written to out where there is no terminal, for a command whose output they are.
func (c *console) writeTo(out io.Writer) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plain = out
}

// begin tells of a task until its end.
func (c *console) begin(what string) *task {
	if c == nil {
		return nil
	}
	t := &task{c: c, what: visible(what), began: time.Now()}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tasks = append(c.tasks, t)
	if len(c.tasks) == 1 {
		c.heard, c.stop = time.Now(), make(chan struct{})
		go c.tell(c.stop)
	}
	return t
}

// end ends a task. A second end does nothing.
func (t *task) end() {
	if t == nil {
		return
	}
	c := t.c
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.tasks {
		if c.tasks[i] == t {
			c.tasks = append(c.tasks[:i], c.tasks[i+1:]...)
			if len(c.tasks) == 0 {
				close(c.stop)
				c.clear()
			}
			return
		}
	}
}

// write has a task shown as what text returns for a number of columns, 0 where there is no limit.
func (t *task) write(text func(columns int) string) {
	if t == nil {
		return
	}
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	t.text = text
}

// count tells how many of what the newest task goes through are done.
func (c *console) count(unit string, done, all int) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.tasks); n > 0 {
		c.tasks[n-1].unit, c.tasks[n-1].done, c.tasks[n-1].all = unit, done, all
	}
}

// counter is count of one thing.
func (c *console) counter(unit string) func(done, all int) {
	return func(done, all int) { c.count(unit, done, all) }
}

// say writes a line of its own.
func (c *console) say(format string, a ...any) {
	text := visible(fmt.Sprintf(format, a...))
	if c == nil {
		fmt.Fprintln(os.Stderr, text)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	if c.columns != nil {
		text = wrap(text, c.columns())
	}
	fmt.Fprintln(c.status, text) // whoever does not read it misses it
	c.heard = time.Now()
}

// output runs what writes p, a part of what a command was asked for, with the line at the bottom out of its way. That stays away until
// a line has been ended.
func (c *console) output(p []byte, write func()) {
	if c == nil {
		write()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	write()
	c.within = len(p) > 0 && p[len(p)-1] != '\n'
	c.heard = time.Now()
	c.written = c.heard
}

// close ends all tasks, of which nothing is told any more.
func (c *console) close() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	c.closed = true
}

// tell shows the tasks until stop is closed.
func (c *console) tell(stop chan struct{}) {
	tick := time.NewTicker(redrawn)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			c.mu.Lock()
			line, plain := "", c.plain
			if c.stop == stop && len(c.tasks) > 0 && !c.closed {
				line = c.show(time.Now())
			}
			c.mu.Unlock()
			if line != "" {
				fmt.Fprintln(plain, line) // which comes back by output where it is what a command is asked for
			}
		}
	}
}

// show writes what is being done to the terminal, where it is time to. Without a terminal it returns the line to be written.
func (c *console) show(now time.Time) string {
	if c.columns == nil {
		if now.Sub(c.heard) < silence {
			return ""
		}
		c.heard = now
		return c.line(now, 0)
	}
	if now.Sub(c.tasks[0].began) < patient || c.within || now.Sub(c.written) < patient {
		return ""
	}
	columns := c.columns() - 1 // a character in the last one would begin a new line
	text := cut(c.line(now, columns), columns)
	if text == c.last && now.Sub(c.heard) < time.Second {
		return ""
	}
	fmt.Fprintf(c.status, "\r%s%s", text, strings.Repeat(" ", max(0, min(c.shown, columns)-width(text))))
	c.shown, c.last, c.heard = width(text), text, now
	return ""
}

// line is what the newest task says of itself.
func (c *console) line(now time.Time, columns int) string {
	t := c.tasks[len(c.tasks)-1]
	took := clock(now.Sub(t.began))
	if t.done < t.all && t.all > 2 {
		text := fmt.Sprintf("%s %d of %d (%s)", t.unit, t.done, t.all, took)
		if whole := t.what + ": " + text; columns == 0 || width(whole) <= columns {
			return whole
		}
		return text
	}
	if t.text != nil {
		return t.text(columns)
	}
	return fmt.Sprintf("%s (%s)", t.what, took)
}

// clear empties the terminal's line.
func (c *console) clear() {
	if c.shown > 0 {
		fmt.Fprintf(c.status, "\r%s\r", strings.Repeat(" ", min(c.shown, c.columns()-1)))
		c.shown, c.last = 0, ""
	}
}

// width is how many columns a text takes. What is shown is Latin, apart from the names of files.
func width(text string) int { return utf8.RuneCountInString(text) }

// cut shortens a text to so many columns.
func cut(text string, columns int) string {
	if width(text) <= columns {
		return text
	}
	return string([]rune(text)[:max(0, columns)])
}

// wrap breaks a text at spaces, so that no line has more columns than the terminal where that can be.
func wrap(text string, columns int) string {
	var out strings.Builder
	at := 0
	for _, word := range strings.Fields(text) {
		n := width(word)
		switch {
		case at == 0:
		case at+1+n > columns-1:
			out.WriteByte('\n')
			at = 0
		default:
			out.WriteByte(' ')
			at++
		}
		out.WriteString(word)
		at += n
	}
	return out.String()
}

// clock writes a duration as people read it from a clock: 7 s, 2:05, 1:02:05.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
