package script

import (
	"errors"
	"fmt"

	"genview/models/sound"

	"go.starlark.net/starlark"
)

// audio is a sound in a script.
type audio struct{ *sound.Sound }

// String, Type, Freeze, Truth, Hash, Attr and AttrNames make audio a value of Starlark.
func (a audio) String() string        { return fmt.Sprintf("audio(%.2f s)", a.Seconds()) }
func (a audio) Type() string          { return "audio" }
func (a audio) Freeze()               {}
func (a audio) Truth() starlark.Bool  { return true }
func (a audio) Hash() (uint32, error) { return 0, errors.New("a sound cannot be a key") }
func (a audio) AttrNames() []string   { return methodNames("audio") }

// Attr returns the length or a method.
func (a audio) Attr(name string) (starlark.Value, error) {
	if name == "seconds" {
		return starlark.Float(a.Seconds()), nil
	}
	return method(nil, "audio", name, a)
}

func callAudio(_ *host, _ *starlark.Thread, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var path string
	if err := starlark.UnpackArgs(name, args, kwargs, "path", &path); err != nil {
		return nil, err
	}
	s, err := sound.Read(path)
	if err != nil {
		return nil, fmt.Errorf("audio: %w", err)
	}
	return audio{s}, nil
}

func audioLoudness(of starlark.Value, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var t number
	if err := starlark.UnpackArgs(name, args, kwargs, "t", &t); err != nil {
		return nil, err
	}
	return starlark.Float(of.(audio).Loudness(float64(t))), nil
}

func audioOnsets(of starlark.Value, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	threshold := number(0.3)
	if err := starlark.UnpackArgs(name, args, kwargs, "threshold?", &threshold); err != nil {
		return nil, err
	}
	var out []starlark.Value
	for _, t := range of.(audio).Onsets(float64(threshold)) {
		out = append(out, starlark.Float(t))
	}
	return starlark.NewList(out), nil
}
