package data

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// pictureEndings are the endings of files that are read. The format is then detected from a file's first bytes.
var pictureEndings = []string{".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".tif", ".tiff", ".webp"}

// A pictureFile is a file of a folder that should be a picture.
type pictureFile struct {
	path string
	rel  string // below the root, with slashes
	size int64  // in bytes
}

// class returns the name of the first folder below the root, or "." for a file in the root itself.
func (f pictureFile) class() string {
	if first, _, below := strings.Cut(f.rel, "/"); below {
		return first
	}
	return "."
}

// A failure is a picture that cannot be read.
type failure struct {
	path string
	err  error
}

func (f failure) String() string { return shown(f.path) + ": " + f.err.Error() }

// listing is the contents of a folder.
type listing struct {
	root     string
	pictures []pictureFile  // in the order of their names, folder by folder
	failed   []failure      // pictures and folders that cannot be opened
	others   map[string]int // number of files of other kinds, by ending
	seen     map[string]bool
}

// list finds the pictures of a folder and its subfolders. It follows links, and reads a folder only once, so that a circle of links ends.
// It ignores hidden files and folders, whose names begin with a dot.
func list(ctx context.Context, root string) (*listing, error) {
	if info, err := os.Stat(root); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("data: there is no folder %s: give the path of a folder of pictures, or the name of a data set", shown(root))
	}
	l := &listing{root: root, others: map[string]int{}, seen: map[string]bool{}}
	if err := l.folder(ctx, root, ""); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if len(l.pictures) > 0 {
		return l, nil
	}
	hint := ""
	if left := l.leftOut(nil); left != "" {
		hint = ", which has " + left
	}
	return nil, fmt.Errorf("data: no pictures in %s%s: give a folder with PNG, JPEG, GIF, BMP, TIFF or WebP files", shown(root), hint)
}

// folder lists one folder.
func (l *listing) folder(ctx context.Context, dir, rel string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	real, err := filepath.EvalSymlinks(dir)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err == nil && l.seen[real] {
		return nil
	}
	l.seen[real] = true
	var entries []fs.DirEntry
	if err == nil {
		entries, err = os.ReadDir(dir)
	}
	switch {
	case err != nil && rel == "":
		return err
	case err != nil:
		l.failed = append(l.failed, failure{dir, bare(err)})
		return nil
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := l.entry(ctx, filepath.Join(dir, e.Name()), path.Join(rel, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// entry lists what lies at name: a folder with all that is in it, a picture, or something else.
func (l *listing) entry(ctx context.Context, name, rel string) error {
	info, err := os.Stat(name)
	if err == nil && info.IsDir() {
		return l.folder(ctx, name, rel)
	}
	ending := strings.ToLower(path.Ext(rel))
	switch {
	case !slices.Contains(pictureEndings, ending):
		l.others[ending]++
	case err != nil:
		l.failed = append(l.failed, failure{name, bare(err)})
	case !info.Mode().IsRegular(): // opening a pipe would wait for its writer
		l.failed = append(l.failed, failure{name, errNotRegular})
	default:
		l.pictures = append(l.pictures, pictureFile{name, rel, info.Size()})
	}
	return nil
}

var errNotRegular = errors.New("it is no file, but a pipe, a device or the like")

// bare strips the path from a file's error, because the message already has it.
func bare(err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// leftOut summarises what is not read, as "12 .heic, 3 .txt, 2 that cannot be read".
func (l *listing) leftOut(failed []failure) string {
	var parts []string
	endings := make([]string, 0, len(l.others))
	for e := range l.others {
		endings = append(endings, e)
	}
	slices.SortFunc(endings, func(a, b string) int {
		if d := l.others[b] - l.others[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	const most = 6 // most endings that are named
	for i, e := range endings {
		if i == most && len(endings) > most+1 {
			rest := 0
			for _, e := range endings[i:] {
				rest += l.others[e]
			}
			parts = append(parts, thousands(rest)+" of other kinds")
			break
		}
		if e == "" {
			parts = append(parts, thousands(l.others[e])+" without an ending")
			continue
		}
		parts = append(parts, thousands(l.others[e])+" "+shown(e))
	}
	if len(failed) > 0 {
		parts = append(parts, thousands(len(failed))+" that cannot be read")
	}
	return strings.Join(parts, ", ")
}

// otherFiles returns the number of files that are not pictures.
func (l *listing) otherFiles() int {
	n := 0
	for _, k := range l.others {
		n += k
	}
	return n
}

// shown returns a path for a message: quoted if it has characters that a terminal acts on.
func shown(path string) string {
	if strings.ContainsFunc(path, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Sprintf("%q", path)
	}
	return path
}

// thousands formats a count as 3,786.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// pictureCount formats a number of pictures, as 3,786 pictures.
func pictureCount(n int) string {
	if n == 1 {
		return "1 picture"
	}
	return thousands(n) + " pictures"
}
