package data

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"genview/models/settings"
)

// SourceSettings name the data of a run. Families embed them in the data block of their settings.
type SourceSettings struct {
	Name     string `yaml:"name" doc:"data set, or path of the data"`
	Dir      string `yaml:"dir,omitempty" doc:"folder with the data set's files; empty: they are downloaded once"`
	Identity string `yaml:"identity,omitempty" found:"yes" doc:"identity of the data that the run began with; empty: unknown"`
}

// Base returns a short name of the data.
func (s *SourceSettings) Base() string { return filepath.Base(s.Name) }

// Validate returns an error if the names are wrong.
func (s *SourceSettings) Validate() error {
	if strings.ContainsAny(s.Name+s.Dir, "\r\n") {
		return settings.Errorf("data.name", "is %q, a path with a line end in it, which config.yaml does not keep: give it another name", s.Name+s.Dir)
	}
	return nil
}

// Settle makes paths absolute, so that a run finds its data from any working folder.
func (s *SourceSettings) Settle() (err error) {
	if IsPath(s.Name) {
		s.Name, err = filepath.Abs(s.Name)
	}
	if err == nil && s.Dir != "" {
		s.Dir, err = filepath.Abs(s.Dir)
	}
	return err
}

// Open opens the data set of the settings; o has the other options. It must be the one that the run began with.
func (s *SourceSettings) Open(ctx context.Context, o Options) (*Dataset, error) {
	o.Name, o.Dir = s.Name, s.Dir
	set, err := Open(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := s.Same(set.Identity); err != nil {
		return nil, err
	}
	return set, nil
}

// ErrChanged says that the data have changed since the run began.
var ErrChanged = errors.New("not what the run began with")

// Known returns the identity of the data that the run began with; "": it is not known.
func (s *SourceSettings) Known() string { return s.Identity }

// Same stores the identity of the opened data. If the run began with another one, it returns [ErrChanged].
func (s *SourceSettings) Same(identity string) error {
	if s.Identity != "" && identity != "" && identity != s.Identity {
		return fmt.Errorf("data: %s is %w, and another part of it would be held out", s.Name, ErrChanged)
	}
	s.Identity = identity
	return nil
}

// PictureSettings name the pictures of a run, and say how to read them.
type PictureSettings struct {
	SourceSettings `yaml:",inline"`

	Size     int  `yaml:"size,omitempty" doc:"width and height of the pictures in pixels; larger ones are reduced" range:"[1,16384]" large:"yes"`
	Channels int  `yaml:"channels,omitempty" doc:"1 for grey, 3 for colours" range:"[1,)" large:"yes"`
	Binarize bool `yaml:"binarize,omitempty" doc:"sample each pixel as 1 or 0, with its value as probability, anew each time, for Bernoulli likelihoods"`
}

// PictureNames returns the names of the data sets of pictures.
func PictureNames() []string {
	return slices.DeleteFunc(Names(), func(n string) bool { return n == "folder" || strings.HasPrefix(n, "points:") })
}

// Validate returns an error if the name of the pictures is wrong.
func (s *PictureSettings) Validate() error {
	if names := PictureNames(); !IsPath(s.Name) && (s.Name != "folder" || s.Dir == "") && !slices.Contains(names, s.Name) {
		near := ""
		if n := settings.Nearest(s.Name, names); n != "" {
			near = "; did you mean " + n + "?"
		}
		return settings.Errorf("data.name", "is %s: there is no such set of pictures%s; there are %s, and folders of pictures, as ./%s",
			s.Name, near, strings.Join(names, ", "), s.Name)
	}
	return s.SourceSettings.Validate()
}

// Open opens the pictures of the settings; o has the other options. They must be those that the run began with, and have the size and the
// channels of the settings.
func (s *PictureSettings) Open(ctx context.Context, o Options) (*Dataset, error) {
	o.Size, o.Channels = s.Size, s.Channels
	set, err := s.SourceSettings.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	switch c, h, w := set.Train.Shape(); {
	case h != w:
		return nil, settings.Errorf("data.name", "is %s, whose pictures are %d×%d: give square ones, which are all that models take", s.Name, w, h)
	case h != s.Size:
		return nil, settings.Errorf("data.size", "is %d and must be %d: the pictures of %s are %d×%d with %s", s.Size, h, s.Name, w, h, channels(c))
	case c != s.Channels:
		return nil, settings.Errorf("data.channels", "is %d and must be %d: the pictures of %s are %d×%d with %s", s.Channels, c, s.Name, w, h, channels(c))
	}
	return set, nil
}

// Check opens the data and returns [ErrChanged] if they are not those that the run began with; known tells whether it is known what those
// were.
func (s *PictureSettings) Check(ctx context.Context, o Options) (known bool, err error) {
	known = s.Identity != ""
	if IsPoints(s.Name) {
		_, err = s.SourceSettings.Open(ctx, o)
		return known, err
	}
	_, err = s.Open(ctx, o)
	return known, err
}

func channels(n int) string {
	if n == 1 {
		return "1 channel"
	}
	return fmt.Sprintf("%d channels", n)
}

// Default sizes of photographs. Pictures up to the smaller one were made small on purpose and keep their size; others get the larger one.
const (
	smallPicture = 128
	usualSize    = 64
)

// Follow sets what the user did not set: size and channels to those of a folder's pictures, and binarisation only for glyphs and digits,
// which are nearly black and white. A network takes sizes that are multiples of step, from least on. It returns a description of what it
// chose; "" for nothing.
func (s *PictureSettings) Follow(ctx context.Context, asked func(key string) bool, step, least int) (told string, err error) {
	dir, folder := s.folder()
	if folder && (dir == "" || strings.ContainsAny(dir, "\r\n")) {
		return "", nil // Validate says what is wrong with the name
	}
	var keys []string
	if s.Binarize && (folder || s.Name == "fashion-mnist") && !asked("data.binarize") {
		s.Binarize = false
		keys = append(keys, "data.binarize=false")
		told = fmt.Sprintf("pictures are photographs: trained with %s", keys[0])
	}
	if !folder || asked("data.size") && asked("data.channels") {
		return told, nil
	}
	survey, err := Look(ctx, dir)
	if err != nil || survey.Width == 0 { // opening the data returns the error
		return told, err
	}
	if !asked("data.channels") {
		s.Channels = 3
		if survey.Grey {
			s.Channels = 1
		}
		keys = slices.Insert(keys, 0, fmt.Sprintf("data.channels=%d", s.Channels))
	}
	if !asked("data.size") {
		s.Size = sizeFor(min(survey.Width, survey.Height), step, least)
		keys = slices.Insert(keys, 0, fmt.Sprintf("data.size=%d", s.Size))
	}
	colours := "in colour"
	if survey.Grey {
		colours = "grey"
	}
	return fmt.Sprintf("pictures are %d×%d, %s: trained with %s", survey.Width, survey.Height, colours, strings.Join(keys, ", ")), nil
}

// sizeFor returns the size that a network can have for pictures with that shorter side.
func sizeFor(side, step, least int) int {
	if side > smallPicture {
		side = usualSize
	}
	return max(least, (side+step/2)/step*step)
}

// TextSettings name the text of a run.
type TextSettings struct {
	SourceSettings `yaml:",inline"`

	Characters Quoted `yaml:"characters,omitempty" found:"yes" doc:"the characters that the model knows, in order; found in the text"`
	Pipe       bool   `yaml:"pipe,omitempty" found:"yes" doc:"the text came through a pipe and cannot be read again"`
}

// ErrPipe says that the text of a run cannot be read again.
var ErrPipe = errors.New("the run's text came through a pipe, which is read but once: give it again, as a file")

// Base returns a short name of the text.
func (s *TextSettings) Base() string {
	if s.Pipe {
		return "pipe"
	}
	return s.SourceSettings.Base()
}

// Open reads the text, which must be the one that the run began with.
func (s *TextSettings) Open(ctx context.Context) (*Text, error) {
	if err := s.Readable(); err != nil {
		return nil, err
	}
	text, err := ReadText(ctx, s.Name, string(s.Characters))
	if err != nil {
		return nil, err
	}
	if err := s.Same(text.Identity); err != nil {
		return nil, err
	}
	return text, nil
}

// Check is [PictureSettings.Check] for a text.
func (s *TextSettings) Check(ctx context.Context, _ Options) (known bool, err error) {
	known = s.Identity != ""
	_, err = s.Open(ctx)
	return known, err
}

// Quoted is a text that YAML holds in Go's quotes, so that white space at its ends survives.
type Quoted string

// MarshalYAML returns the text in quotes.
func (q Quoted) MarshalYAML() (any, error) { return strconv.Quote(string(q)), nil }

// UnmarshalText removes the quotes.
func (q *Quoted) UnmarshalText(p []byte) error {
	text, err := strconv.Unquote(string(p))
	*q = Quoted(text)
	return err
}

// Move sets where the data are now, if they have moved: a path that replaces the name, and the folder of a data set's files; empty:
// unchanged.
func (s *SourceSettings) Move(name, dir string) error {
	switch {
	case name == "":
	case IsPath(s.Name):
		s.Name = name
	case name != s.Name:
		return settings.Errorf("data.name", "is %s: the run learned from %s, and only where a text or a folder of pictures is now can be said", name, s.Name)
	}
	if dir != "" {
		s.Dir = dir
	}
	return nil
}

// Readable returns nil: the data can be read again.
func (s *SourceSettings) Readable() error { return nil }

// Accept accepts the data as they are, even if they are not those that the run began with.
func (s *SourceSettings) Accept() { s.Identity = "" }

// Readable returns [ErrPipe] if the text came through a pipe.
func (s *TextSettings) Readable() error {
	if s.Pipe {
		return ErrPipe
	}
	return nil
}

// Move sets where the text is now.
func (s *TextSettings) Move(name, dir string) error {
	if name != "" {
		s.Name, s.Pipe = name, false
	}
	return s.SourceSettings.Move("", dir)
}

// Settle makes the path absolute. A text is always a file, whatever its name.
func (s *TextSettings) Settle() (err error) {
	if s.Name != "" {
		s.Name, err = filepath.Abs(s.Name)
	}
	if err != nil {
		return err
	}
	return s.SourceSettings.Settle()
}
