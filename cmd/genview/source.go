package main

import (
	"context"
	"fmt"
	"path/filepath"

	"genview/models/data"

	"github.com/spf13/pflag"
)

// place says where the data of a run are now, where that is not where they were, and whether others may take their place.
type place struct {
	data, dir string // empty: as config.yaml says
	accept    bool
}

// addAccept gives a command the flag that takes changed data for those that a run began with.
func addAccept(fl *pflag.FlagSet, accept *bool) {
	fl.BoolVar(accept, "accept-data", false, "take the data as they are, although they are not those that the run began with")
}

// add gives a command that opens a run all flags of a place.
func (p *place) add(fl *pflag.FlagSet) {
	fl.StringVar(&p.data, "data", "", "where the run's text or folder of pictures is now (default: where it was)")
	fl.StringVar(&p.dir, "data-dir", "", "where the files of the run's data set are now")
	addAccept(fl, &p.accept)
}

// apply changes the configuration of a run to what the place says.
func (p place) apply(c *config) error {
	var err error
	switch {
	case p.data == "":
	case c.fromPath():
		c.Data.Name, c.Data.Pipe = p.data, false
	case p.data != c.Data.Name:
		err = usageError{fmt.Errorf("--data %s: the run learned from %s, and --data can only say where a text or a folder of pictures is now", p.data, c.Data.Name)}
	}
	if p.dir != "" {
		c.Data.Dir = p.dir
	}
	if p.accept {
		c.Data.Identity = ""
	}
	return err
}

// stored says that what is wrong stands in a run's configuration.
func stored(run string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", filepath.Join(run, "config.yaml"), err)
}

// fromPath tells whether the data are a file or a folder of the user's.
func (c *config) fromPath() bool { return c.Kind == "text" || data.IsPath(c.Data.Name) }

// settle makes the paths of the data absolute, so that a run finds them from any folder.
func (c *config) settle() (err error) {
	if c.fromPath() && c.Data.Name != "" {
		c.Data.Name, err = filepath.Abs(c.Data.Name)
	}
	if err == nil && c.Data.Dir != "" {
		c.Data.Dir, err = filepath.Abs(c.Data.Dir)
	}
	return err
}

// dataName is a short name of the data.
func (c *config) dataName() string {
	if c.Data.Pipe {
		return "pipe"
	}
	return filepath.Base(c.Data.Name)
}

// sameData is an error where the data that were opened are not those that the run began with.
func (c *config) sameData(identity string) error {
	if c.Data.Identity == "" || identity == "" || identity == c.Data.Identity {
		return nil
	}
	return fmt.Errorf("%s is not what the run began with, and another part of it would be held out: put that back, or say with --data where it is; or take this by --accept-data",
		c.Data.Name)
}

// errPipe says that the text of a run cannot be read again.
func errPipe() error {
	return usageError{fmt.Errorf("the run's text came through a pipe, which is read but once: give it again, as --data FILE")}
}

// readText reads the text that a configuration names.
func (c *config) readText(ctx context.Context) (*data.Text, error) {
	return data.ReadText(ctx, c.Data.Name, string(c.Data.Characters))
}

// text returns the text that the model learns from. It is read once, for it may come from a pipe.
func (s *session) text(ctx context.Context) (*data.Text, error) {
	c := &s.config
	if c.text == nil {
		if c.Data.Pipe {
			return nil, errPipe()
		}
		text, err := c.readText(ctx)
		if err != nil {
			return nil, err
		}
		if err := c.sameData(text.Identity); err != nil {
			return nil, err
		}
		c.text = text
	}
	c.Data.Pipe, c.Data.Identity = c.text.Pipe, c.text.Identity
	return c.text, nil
}
