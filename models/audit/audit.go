// Package audit keeps a log of a run that shows when it was tampered with: its trainings with their settings, data, program and user, its
// checkpoints, and the files that were made with it.
//
//	err := audit.Append("runs/letters", audit.Entry{What: "walk", File: "walk.gif"})
//	log, err := audit.Read("runs/letters")
//
// The log is audit.jsonl. Each line has an entry and a sum: SHA-256 of the sum before and of the entry. So a line that was changed, removed,
// inserted or moved breaks the chain from there on. Somebody who writes all lines anew can still make another log, and one that is cut at its
// end is whole: what tells are checkpoints that it does not know ([Log.Unknown]).
package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"genview/models/encrypt"
	"genview/vk/files"

	"github.com/gofrs/flock"
)

// Name is that of the log in the folder of a run.
const Name = "audit.jsonl"

// lockName is the file that is locked while an entry is added. It is not the log: where locks bind everybody, it could not be written.
const lockName = ".genview-audit-lock"

// An Entry says what was done.
type Entry struct {
	N        int               `json:"n"` // counts from 1
	Time     time.Time         `json:"time"`
	By       string            `json:"by"` // the user's name on the system
	What     string            `json:"what"`
	Step     int               `json:"step,omitempty"` // of the run
	File     string            `json:"file,omitempty"` // the file that was written; a checkpoint's is relative to the run's folder
	Checksum string            `json:"checksum,omitempty"`
	Detail   map[string]string `json:"detail,omitempty"`
}

// Checkpoint is what an entry about a saved checkpoint says was done.
const Checkpoint = "checkpoint"

// mended is what an entry says that follows an unfinished one.
const mended = "mended"

// The lock of a log is held for moments.
const (
	patience = 5 * time.Second
	retry    = 5 * time.Millisecond
)

// seal returns the line of an entry after one with that sum, and its own sum.
func seal(before string, e Entry) (line []byte, sum string, err error) {
	p, err := json.Marshal(e)
	if err != nil {
		return nil, "", fmt.Errorf("audit: %w", err)
	}
	sum = sumOf(before, p)
	return fmt.Appendf(nil, `{"entry":%s,"sum":"%s"}`, p, sum), sum, nil
}

func sumOf(before string, entry []byte) string {
	h := sha256.New()
	h.Write([]byte(before))
	h.Write(entry)
	return hex.EncodeToString(h.Sum(nil))
}

// open takes a line apart.
func open(line []byte) (e Entry, raw []byte, sum string, err error) {
	var l struct {
		Entry json.RawMessage `json:"entry"`
		Sum   string          `json:"sum"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return e, nil, "", err
	}
	if !bytes.Equal(line, fmt.Appendf(nil, `{"entry":%s,"sum":"%s"}`, l.Entry, l.Sum)) {
		return e, nil, "", errors.New("it is written otherwise than genview does")
	}
	return e, l.Entry, l.Sum, json.Unmarshal(l.Entry, &e)
}

// Append adds an entry to the log of the run in a folder, with its number, time and user, and syncs it. It makes the log if there is none.
// If a killed process has left an unfinished entry, Append removes it and adds an entry that says so. Texts beyond 4 KiB are cut. Several
// processes may append at once.
func Append(dir string, e Entry) (err error) {
	path := filepath.Join(dir, Name)
	lock := flock.New(filepath.Join(dir, lockName), flock.SetFlag(os.O_CREATE|os.O_RDWR))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if ok, err := lock.TryLockContext(ctx, retry); err != nil && !errors.Is(err, errors.ErrUnsupported) || err == nil && !ok {
		return fmt.Errorf("audit: %w", err)
	}
	defer lock.Close()
	last, sum, left, err := end(path)
	if err != nil && !None(err) {
		return fmt.Errorf("audit: %w", err)
	}
	e.What, e.File, e.Detail = cut(e.What), cut(e.File), maps.Clone(e.Detail)
	for key, text := range e.Detail {
		e.Detail[key] = cut(text)
	}
	entries := []Entry{e}
	if left > 0 {
		entries = []Entry{{What: mended, Detail: map[string]string{"unfinished": fmt.Sprintf("%d bytes", left)}}, e}
	}
	for _, e := range entries {
		last++
		e.N, e.Time, e.By = last, time.Now().UTC().Truncate(time.Millisecond), username()
		line, next, err := seal(sum, e)
		if err == nil {
			err = files.AppendLine(path, line)
		}
		if err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		sum = next
	}
	if err := files.Sync(path); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// mostUnfinished is the most bytes that can be left of an unfinished entry.
const mostUnfinished = 1 << 17

// mostText is the most bytes of a text in an entry, so that an entry fits into what end reads.
const mostText = 4 << 10

// cut shortens a text that is too long.
func cut(text string) string {
	if len(text) <= mostText {
		return text
	}
	return strings.ToValidUTF8(text[:mostText], "") + "…"
}

// end returns the number and the sum of the last entry, and cuts off what follows it without an end of line.
func end(path string) (n int, sum string, left int64, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, "", 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return 0, "", 0, err
	}
	const some = 1 << 20 // more than an entry has
	p := make([]byte, min(some, info.Size()))
	if _, err := f.ReadAt(p, info.Size()-int64(len(p))); err != nil && len(p) > 0 {
		return 0, "", 0, err
	}
	whole := bytes.LastIndexByte(p, '\n') + 1
	if whole == 0 && len(p) > mostUnfinished {
		return 0, "", 0, fmt.Errorf("%s is no audit log: move it away", path)
	}
	if left = int64(len(p) - whole); left > 0 {
		if err := f.Truncate(info.Size() - left); err != nil {
			return 0, "", 0, err
		}
	}
	if whole == 0 {
		return 0, "", left, nil
	}
	line := p[bytes.LastIndexByte(p[:whole-1], '\n')+1 : whole-1]
	e, _, sum, bad := open(line)
	if bad != nil { // the chain is broken here, and stays so: Read says it
		return 0, "", left, nil
	}
	return e.N, sum, left, nil
}

// username names the user that runs this program.
func username() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "user " + strconv.Itoa(os.Getuid())
}

// A Log is what the log of a run says.
type Log struct {
	Entries []Entry // up to where the chain is broken
	Broken  string  // what is wrong after them; "": nothing
}

// Read reads and verifies the log of the run in a folder. A log that was tampered with is no error. Without a log the error is
// [fs.ErrNotExist].
func Read(dir string) (*Log, error) {
	p, err := os.ReadFile(filepath.Join(dir, Name))
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	l, sum, number := &Log{}, "", 0
	for line := range bytes.Lines(p) {
		number++
		text, ended := bytes.CutSuffix(line, []byte("\n"))
		if !ended {
			l.Broken = fmt.Sprintf("line %d is unfinished: a process was killed while it wrote it, or the log was cut", number)
			break
		}
		e, raw, own, err := open(text)
		switch {
		case err != nil:
			l.Broken = fmt.Sprintf("line %d is no entry: it was changed", number)
		case own != sumOf(sum, raw):
			l.Broken = fmt.Sprintf("line %d does not follow the one before: one of them was changed, or lines are missing, new or in another order", number)
		case e.N != number:
			l.Broken = fmt.Sprintf("line %d has the number %d", number, e.N)
		}
		if l.Broken != "" {
			break
		}
		l.Entries, sum = append(l.Entries, e), own
	}
	return l, nil
}

// Unknown returns which checkpoints, by name with their checksums, the log does not have as they are. A checkpoint that was encrypted may be
// plain now.
func (l *Log) Unknown(checksums map[string]string) (names []string) {
	logged := map[string]string{}
	for _, e := range l.Entries {
		if e.What == Checkpoint {
			logged[strings.TrimSuffix(e.File, encrypt.Ending)] = e.Checksum
		}
	}
	for name, sum := range checksums {
		if logged[strings.TrimSuffix(name, encrypt.Ending)] != sum {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// None tells whether an error of [Read] says that there is no log.
func None(err error) bool { return errors.Is(err, fs.ErrNotExist) }
