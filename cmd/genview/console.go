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

// A console shows what the program is doing, so that a user who waits sees progress.
//
// On a terminal it is one line at the bottom, which is overwritten with carriage returns and spaces only: these work everywhere, also on
// dumb terminals and Windows. Without a terminal it is a line whenever nothing was written for a while. A nil console shows nothing. It is
// safe for concurrent use.
type console struct {
	columns func() int // of the terminal; nil: there is none
	status  io.Writer  // a terminal, for the line at the bottom and for messages

	mu    sync.Mutex
	plain io.Writer // for lines if there is no terminal
	tasks []*task   // not ended yet
	shown int       // columns of the line at the bottom that are in use
	last  string    // the text of the line at the bottom, or of the newest line if there is no terminal
	heard time.Time // when something was last written
	stop  chan struct{}

	within  bool      // the command's own output is in the middle of a line
	written time.Time // when the command's own output was last written
	closed  bool
}

// A task is something that takes a while. A nil task belongs to a nil console.
type task struct {
	c     *console
	what  string
	began time.Time
	unit  string // what is counted
	done  int    // done out of all
	all   int
	from  int                      // how many were done at the second count: the first ones wait for kernels
	since time.Time                // when that was; zero: not yet
	at    time.Time                // of the newest count
	text  func(columns int) string // shown in place of what; nil: none
}

// pace returns how many are done in a second and how long the others will take; "": not known yet.
func (t *task) pace() string {
	took, done := t.at.Sub(t.since), t.done-t.from
	if t.since.IsZero() || took < rateFrom || done < 1 {
		return ""
	}
	rate := float64(done) / took.Seconds()
	digits := 0
	if rate < 10 {
		digits = 1
	}
	return fmt.Sprintf(", %.*f/s, %s left", digits, rate, clock(time.Duration(float64(t.all-t.done)/rate*float64(time.Second))))
}

const (
	redrawn = 200 * time.Millisecond  // how often the line at the bottom is checked
	patient = 400 * time.Millisecond  // shorter tasks are not shown
	silence = 1600 * time.Millisecond // longest time without a line if there is no terminal
	usual   = 80                      // columns of a terminal that does not report them
)

// newConsole returns a console on stderr.
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

// terminal tells whether the console is on a terminal.
func (c *console) terminal() bool { return c != nil && c.columns != nil }

// writeTo sends lines to out if there is no terminal, for a command whose output they are.
func (c *console) writeTo(out io.Writer) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plain = out
}

// begin shows a task until it ends.
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

// write shows a task as the result of text, which receives a number of columns; 0: no limit.
func (t *task) write(text func(columns int) string) {
	if t == nil {
		return
	}
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	t.text = text
}

// count sets the progress of the newest task.
func (c *console) count(unit string, done, all int) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.tasks); n > 0 {
		c.tasks[n-1].count(unit, done, all, time.Now())
	}
}

func (t *task) count(unit string, done, all int, now time.Time) {
	switch {
	case unit != t.unit || done < t.done || all != t.all:
		t.since = time.Time{}
	case t.since.IsZero() && done > t.done:
		t.from, t.since = done, now
	}
	t.unit, t.done, t.all, t.at = unit, done, all, now
}

// counter returns count for one unit.
func (c *console) counter(unit string) func(done, all int) {
	return func(done, all int) { c.count(unit, done, all) }
}

// say writes a line that stays.
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
	fmt.Fprintln(c.status, text) // nobody reads it: it is lost
	c.heard = time.Now()
}

// output removes the line at the bottom while write writes p, a part of the command's own output. The line stays away until the output has
// ended its line.
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

// close ends all tasks and shows nothing more.
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
				fmt.Fprintln(plain, line) // goes through output if it is the command's own output
			}
		}
	}
}

// show updates the terminal's line if it is time to. Without a terminal it returns the line to write.
func (c *console) show(now time.Time) string {
	if c.columns == nil {
		if now.Sub(c.heard) < silence {
			return ""
		}
		line := c.line(now, 0)
		if line == c.last { // nothing goes on, as in a paused training
			return ""
		}
		c.heard, c.last = now, line
		return line
	}
	if now.Sub(c.tasks[0].began) < patient || c.within || now.Sub(c.written) < patient {
		return ""
	}
	columns := c.columns() - 1 // a character in the last column would begin a new line
	text := cut(c.line(now, columns), columns)
	if text == c.last && now.Sub(c.heard) < time.Second {
		return ""
	}
	fmt.Fprintf(c.status, "\r%s%s", text, strings.Repeat(" ", max(0, min(c.shown, columns)-width(text))))
	c.shown, c.last, c.heard = width(text), text, now
	return ""
}

// line returns the text of the newest task.
func (c *console) line(now time.Time, columns int) string {
	t := c.tasks[len(c.tasks)-1]
	took := clock(now.Sub(t.began))
	if t.done < t.all && t.all > 2 {
		text := fmt.Sprintf("%s %d of %d (%s)", t.unit, t.done, t.all, took)
		paced := fmt.Sprintf("%s %d of %d%s (%s)", t.unit, t.done, t.all, t.pace(), took)
		for _, whole := range []string{t.what + ": " + paced, t.what + ": " + text} {
			if columns == 0 || width(whole) <= columns {
				return whole
			}
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

// width returns the number of columns of a text. Except for names of files, texts are Latin.
func width(text string) int { return utf8.RuneCountInString(text) }

// cut shortens a text to a number of columns.
func cut(text string, columns int) string {
	if width(text) <= columns {
		return text
	}
	return string([]rune(text)[:max(0, columns)])
}

// wrap breaks a text at spaces so that its lines fit the terminal if possible.
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

// clock formats a duration: 7 s, 2:05, 1:02:05.
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
