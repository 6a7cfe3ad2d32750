package viewer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	mapped "maps" // the tests have a function maps
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"genview/vk/files"
)

// Preferences are what the window remembers from one start to the next.
type Preferences struct {
	Theme   Theme              `json:"theme"`   // 0: dark, 1: light
	Scale   float64            `json:"scale"`   // by which the user enlarged everything; 0 is 1
	Hidden  []string           `json:"hidden"`  // titles of panels that are not shown
	Side    map[string]float64 `json:"side"`    // share of the width for the panels at the side, "tall" ones or with "large" ones among them
	Heights map[string]float64 `json:"heights"` // of panels by their titles, relative to the others of their column
}

// mostPreferences is how many bytes the file has at most: a larger one is none of ours.
const mostPreferences = 1 << 20

// ReadPreferences reads a file that Write wrote. If there is none, it returns the usual ones without an error. Those of a damaged file are
// the usual ones, too.
func ReadPreferences(path string) (Preferences, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Preferences{}, nil
	}
	if err == nil && info.Size() > mostPreferences {
		err = errors.New("it is too large")
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(path)
	}
	var p Preferences
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err == nil {
		err = p.check()
	}
	if err != nil {
		return Preferences{}, fmt.Errorf("viewer: what the window remembers cannot be read, and is as usual: %s: %w", path, err)
	}
	return p, nil
}

// check tells which value is not one that the window writes.
func (p Preferences) check() error {
	if p.Theme != Dark && p.Theme != Light {
		return fmt.Errorf("there is no theme %d", p.Theme)
	}
	if p.Scale != 0 && (p.Scale < leastScale || p.Scale > mostScale) {
		return fmt.Errorf("the scale is %v, and is %v to %v", p.Scale, leastScale, mostScale)
	}
	for _, v := range p.Side {
		if v <= 0 || v >= 1 {
			return fmt.Errorf("the side's share is %v, and is between 0 and 1", v)
		}
	}
	for name, v := range p.Heights {
		if v <= 0 || v >= 100 {
			return fmt.Errorf("the height of %q is %v, and is between 0 and 100", name, v)
		}
	}
	return nil
}

// Write writes the preferences to a file, and makes its folder.
func (p Preferences) Write(path string) error {
	text, err := json.MarshalIndent(p, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = files.WriteBytes(path, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("viewer: what the window should remember cannot be written: %w", err)
	}
	return nil
}

// same tells whether two preferences are equal.
func (p Preferences) same(q Preferences) bool {
	return p.Theme == q.Theme && p.Scale == q.Scale && slices.Equal(p.Hidden, q.Hidden) && mapped.Equal(p.Side, q.Side) && mapped.Equal(p.Heights, q.Heights)
}

// A memory writes preferences a while after they changed, and when the window closes. Writing takes its time, so another goroutine does it.
type memory struct {
	path    string // "": nothing is remembered
	notice  func(text string)
	kept    Preferences // that the file has
	newest  Preferences
	changed time.Time // zero: newest is kept
	writing sync.WaitGroup
}

// calm is how long after the last change preferences are written.
const calm = time.Second

// tick looks at the present preferences.
func (m *memory) tick(p Preferences, now time.Time) {
	if m.path == "" {
		return
	}
	if !p.same(m.newest) {
		m.newest, m.changed = p, now
	}
	if !m.changed.IsZero() && now.Sub(m.changed) >= calm {
		m.write()
	}
}

// write begins to write what is not kept yet.
func (m *memory) write() {
	m.changed = time.Time{}
	if m.newest.same(m.kept) {
		return
	}
	m.writing.Wait() // for the write before, long ago
	m.kept = m.newest
	p := m.newest
	m.writing.Go(func() {
		if err := p.Write(m.path); err != nil && m.notice != nil {
			m.notice(err.Error())
		}
	})
}

// close writes what is not kept yet, and waits for it.
func (m *memory) close() {
	if m.path == "" {
		return
	}
	m.write()
	m.writing.Wait()
}
