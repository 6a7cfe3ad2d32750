package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"genview/models/data"
)

// Sizes to which photographs are made where none is asked for. Pictures that are this small were made so for learning, and stay as
// they are; others become as large as is usual.
const (
	smallPicture = 128
	usualSize    = 64
)

// follow fits what was not set to the pictures: size and channels to those of a folder, and pixels that are drawn anew as black or
// white only for glyphs and digits, which are nearly so. What was chosen is kept for announce.
func (c *config) follow(ctx context.Context, set []string) error {
	if c.Kind != "vae" && c.Kind != "gan" || c.points() {
		return nil
	}
	asked := func(key string) bool {
		return slices.ContainsFunc(set, func(s string) bool { return strings.HasPrefix(s, key+"=") || strings.HasPrefix(s, "data=") })
	}
	dir, folder := c.Data.Name, data.IsPath(c.Data.Name)
	if c.Data.Name == "folder" {
		dir, folder = c.Data.Dir, true
	}
	if folder && (dir == "" || strings.ContainsAny(dir, "\r\n")) {
		return nil // check says what is wrong with the name
	}
	var keys []string
	if c.Data.Binarize && (folder || c.Data.Name == "fashion-mnist") && !asked("data.binarize") {
		c.Data.Binarize = false
		keys = append(keys, "data.binarize=false")
		c.choice = fmt.Sprintf("pictures are photographs: trained with %s; --set changes that", keys[0])
	}
	if !folder || asked("data.size") && asked("data.channels") {
		return nil
	}
	s, err := data.Look(ctx, dir)
	if err != nil || s.Width == 0 { // opening the data says what is wrong
		return err
	}
	if !asked("data.channels") {
		c.Data.Channels = 3
		if s.Grey {
			c.Data.Channels = 1
		}
		keys = slices.Insert(keys, 0, fmt.Sprintf("data.channels=%d", c.Data.Channels))
	}
	if !asked("data.size") {
		c.Data.Size = sizeFor(c.Model.Arch, min(s.Width, s.Height))
		keys = slices.Insert(keys, 0, fmt.Sprintf("data.size=%d", c.Data.Size))
	}
	colours := "in colour"
	if s.Grey {
		colours = "grey"
	}
	c.choice = fmt.Sprintf("pictures are %d×%d, %s: trained with %s; --set changes that", s.Width, s.Height, colours, strings.Join(keys, ", "))
	return nil
}

// sizeFor returns the size for pictures of a shorter side that a network can have.
func sizeFor(arch string, side int) int {
	if side > smallPicture {
		side = usualSize
	}
	nearest := func(step int) int { return (side + step/2) / step * step }
	switch arch {
	case "conv":
		return max(4, nearest(4))
	case "dcgan":
		return max(16, nearest(8))
	}
	return side
}

// announce says once what follow chose.
func (c *config) announce(to *console) {
	if c.choice != "" {
		to.say("%s", c.choice)
		c.choice = ""
	}
}
