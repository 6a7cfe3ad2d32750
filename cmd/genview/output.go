package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"genview/models/film"
	"genview/models/run"
	"genview/models/watermark"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/image/colornames"
)

// addOutput adds the flags of what a command writes.
func (a *app) addOutput(fl *pflag.FlagSet, out *string, usual string) {
	fl.StringVarP(out, "output", "o", usual, `file to write: .gif, .apng, .webp; .mp4, .webm (by ffmpeg); .png (a sheet);
a folder of pictures, as frames/; - for raw RGBA pixels to stdout, -.gif and so on for the others`)
	a.addWatermark(fl)
	fl.BoolVar(&a.anonymous, "no-provenance", false, "do not write into the file what it was made with and from")
}

// addWatermark adds the flag of what is put into pictures.
func (a *app) addWatermark(fl *pflag.FlagSet) {
	fl.StringVar(&a.watermark, "watermark", "", "text or number that is put into the pictures, where nobody sees it; genview provenance finds it in copies (default the run's)")
}

// markOf returns the watermark of pictures of a run with a configuration, which may be nil.
func (a *app) markOf(c *run.Config) string {
	if a.watermark == "" && c != nil {
		return c.Watermark
	}
	return a.watermark
}

// stdoutOf returns the format that a name of an output asks for on stdout: "-" or "-.gif".
func stdoutOf(out string) (format string, ok bool) {
	if out == "-" {
		return film.Raw, true
	}
	if strings.HasPrefix(out, "-.") {
		return out[1:], true
	}
	return "", false
}

// checkOutput returns an error if a film cannot be written to a name. Commands ask before they open a run.
func (a *app) checkOutput(out string) error {
	format, ok := stdoutOf(out)
	switch {
	case !ok:
		return film.CheckName(out)
	case a.out.terminal:
		return fmt.Errorf("-o %s: a terminal does not show films: send the output to a program, or name a file", out)
	case format == film.Raw:
		return nil
	}
	return film.CheckName(format)
}

// otherThan returns an error if what is written to a name would take the place of one of the files that it is made from.
func otherThan(out string, from ...string) error {
	to, err := os.Stat(out)
	if err != nil {
		return nil
	}
	for _, name := range from {
		if info, err := os.Stat(name); err == nil && os.SameFile(info, to) {
			return fmt.Errorf("%s would take the place of %s, which it is made from: write it to another file", out, name)
		}
	}
	return nil
}

// film writes a film to the name that a user gave, with notes of where it comes from, and prints the name.
func (a *app) film(out string, f film.Film) error {
	if err := a.checkOutput(out); err != nil {
		return err
	}
	if a.anonymous {
		f.About, f.Source = nil, ""
	} else {
		about, err := a.about()
		if err != nil {
			return err
		}
		f.About = append(f.About, about...)
	}
	if a.loaded != nil {
		f.Watermark = a.markOf(a.loaded.Config)
	}
	f.Say = func(line string) { a.console.say("%s: %s", out, line) }
	name := out
	format, toStdout := stdoutOf(out)
	if toStdout {
		name = format
	}
	if said := film.Slowed(name, f); said != "" {
		defer a.console.say("%s", said)
	}
	if toStdout {
		return film.WriteTo(pixels{a.out}, format, f)
	}
	if err := film.Write(out, f); err != nil {
		return err
	}
	fmt.Fprintln(a.out, out)
	return nil
}

// colourOf returns the colour that a text names, in CSS's ways; nil for "".
func colourOf(text string) (color.Color, error) {
	if text == "" {
		return nil, nil
	}
	if c, ok := colornames.Map[strings.ToLower(text)]; ok {
		return c, nil
	}
	digits, ok := strings.CutPrefix(text, "#")
	v, err := strconv.ParseUint(digits, 16, 24)
	switch {
	case ok && err == nil && len(digits) == 6:
		return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255}, nil
	case ok && err == nil && len(digits) == 3:
		return color.RGBA{17 * uint8(v>>8), 17 * uint8(v>>4&15), 17 * uint8(v&15), 255}, nil
	}
	return nil, fmt.Errorf("%s: give a colour as #rgb, #rrggbb or a name of CSS, as white", text)
}

// pixels writes to stdout what is no text, unchanged. The line at the bottom, which is on stderr, stays.
type pixels struct{ out *results }

// Write implements [io.Writer].
func (p pixels) Write(b []byte) (int, error) {
	r := p.out
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		_, err := r.to.Write(b)
		r.note(err)
	}
	if r.failed != nil {
		return 0, r.failed
	}
	return len(b), nil
}

// about returns where what the command draws comes from. It has no times, so that the same command gives the same bytes, and of paths only
// the last names, which tell no user's name.
func (a *app) about() ([]film.Note, error) {
	about, err := a.origin()
	return append(about, film.Note{Key: "Command", Value: commandLine(os.Args[1:])}), err
}

// origin returns which genview and which run draw it.
func (a *app) origin() ([]film.Note, error) {
	about := []film.Note{{Key: "Software", Value: "genview " + version + commit()}}
	if s := a.loaded; s != nil && s.Folder != nil {
		sum, err := hashOf(s.Weights)
		if err != nil {
			return nil, err
		}
		dir, err := filepath.Abs(s.Folder.Dir) // of "."
		if err != nil {
			return nil, err
		}
		about = append(about, film.Note{Key: "Run", Value: visible(filepath.Base(dir))}, film.Note{Key: "Step", Value: fmt.Sprint(s.Step)},
			film.Note{Key: "Weights", Value: "sha256:" + sum})
	}
	return about, nil
}

// unlike matches what commands of the same pictures may differ in.
var unlike = regexp.MustCompile(` (--resume|--no-provenance)\b| (-o|--(output|first|last|latents|device))[ =]('[^']*'|\S+)`)

// checkResumed returns an error if a picture of a folder says that it is of another film than the command's.
func (a *app) checkResumed(dir string, numbers []int) error {
	own, err := a.about()
	if err != nil {
		return err
	}
	for _, n := range numbers {
		path := film.PictureName(dir, n)
		about, err := film.ReadAbout(path)
		if err != nil {
			return err
		}
		for i, note := range about {
			if i < len(own) && note.Key == own[i].Key && note.Key != "Software" && unlike.ReplaceAllString(note.Value, "") != unlike.ReplaceAllString(own[i].Value, "") {
				return fmt.Errorf("--resume: %s is of another film, whose %s is %s; this one's is %s: give that, or another folder",
					path, strings.ToLower(note.Key), note.Value, own[i].Value)
			}
		}
	}
	return nil
}

// hashOf returns the SHA-256 sum of a file.
func hashOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	return fmt.Sprintf("%x", sum.Sum(nil)), err
}

// commandLine returns a command as one types it in a shell, with the last names of paths.
func commandLine(args []string) string {
	plain := regexp.MustCompile(`^[\w@%+=:,./-]+$`)
	words := []string{"genview"}
	for _, arg := range args {
		arg = visible(withoutFolders(arg))
		if !plain.MatchString(arg) {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}

// pathLike matches what may be a path in an argument, such as image:a/b.png+seed:1, up to the last name.
var pathLike = regexp.MustCompile(`[^=:,()+*@'"\s]*[/\\][^/\\=:,()+*@'"\s]`)

// withoutFolders leaves out the folders of paths: of absolute ones, and of others whose folder is there, because 3/4 may be a date.
func withoutFolders(arg string) string {
	return pathLike.ReplaceAllStringFunc(arg, func(path string) string {
		last := strings.LastIndexAny(path, `/\`)
		dir := path[:last+1]
		info, err := os.Stat(dir)
		if dir[0] == '/' || dir[0] == '\\' || dir[0] == '~' || err == nil && info.IsDir() {
			return path[last+1:]
		}
		return path
	})
}

func (a *app) provenance() *cobra.Command {
	c := &cobra.Command{
		Use:         "provenance FILE",
		Annotations: doing("reading"),
		Short:       "Say what a picture or a film that genview made says of its run, step, weights and command, and its watermark",
		Example:     "  genview provenance walk.gif",
		Args:        args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, names []string) error {
			about, err := film.ReadAbout(names[0])
			if err != nil {
				return err
			}
			found, ok, err := film.ReadWatermark(names[0])
			if err != nil {
				return err
			}
			if ok {
				about = append(about, film.Note{Key: "Watermark", Value: fmt.Sprintf("%08x (%d), agreement %.0f %%", found.ID, found.ID, 100*found.Agree)})
			}
			switch want := watermark.ID(a.watermark); {
			case a.watermark != "" && !ok:
				return fmt.Errorf("%s has no watermark that can be read", names[0])
			case a.watermark != "" && want != found.ID:
				return fmt.Errorf("%s has the watermark %08x; that of %s is %08x", names[0], found.ID, a.watermark, want)
			case len(about) == 0:
				return errors.New(names[0] + " does not say where it comes from")
			}
			if a.json {
				type note struct {
					Key   string `json:"key"`
					Value string `json:"value"`
				}
				var all []note
				for _, n := range about {
					all = append(all, note(n))
				}
				return json.NewEncoder(a.out).Encode(all)
			}
			for _, n := range about {
				fmt.Fprintln(a.out, visible(n.String()))
			}
			return nil
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON: an array of objects with key and value")
	c.Flags().StringVar(&a.watermark, "watermark", "", "exit with 1 unless the picture has the watermark of this text or number")
	return c
}
