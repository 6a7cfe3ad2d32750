// Package zoo has the list of all families of models.
package zoo

import (
	"slices"
	"strings"

	"genview/models/classifier"
	"genview/models/family"
	"genview/models/gan"
	"genview/models/transformer/text"
	"genview/models/transformer/translate"
	"genview/models/vae"
)

// Families lists all families in the order in which help lists them. A program may add its own before it uses any.
var Families = []family.Family{
	vae.Family,
	gan.Family,
	classifier.Family,
	translate.Family,
	text.Family,
}

// Find returns the family with a kind.
func Find(kind string) (family.Family, bool) {
	i := slices.IndexFunc(Families, func(f family.Family) bool { return f.Kind == kind })
	if i < 0 {
		return family.Family{}, false
	}
	return Families[i], true
}

// Kinds lists the kinds of all families.
func Kinds() []string {
	var all []string
	for _, f := range Families {
		all = append(all, f.Kind)
	}
	return all
}

// Preset returns the preset with a name or an alias, and its family.
func Preset(name string) (family.Preset, family.Family, bool) {
	for _, f := range Families {
		for _, p := range f.Presets {
			if p.Name == name || slices.Contains(p.Aliases, name) {
				return p, f, true
			}
		}
	}
	return family.Preset{}, family.Family{}, false
}

// Presets lists the presets of all families.
func Presets() []family.Preset {
	var all []family.Preset
	for _, f := range Families {
		all = append(all, f.Presets...)
	}
	return all
}

// Names lists the names of the presets for which keep is true.
func Names(keep func(family.Preset) bool) []string {
	var all []string
	for _, p := range Presets() {
		if keep(p) {
			all = append(all, p.Name)
		}
	}
	return all
}

// Usage lists the presets for a usage line: vae|gan|…, and those with an argument after them.
func Usage() string {
	bare := strings.Join(Names(func(p family.Preset) bool { return p.Argument == "" }), "|")
	for _, p := range Presets() {
		if p.Argument != "" {
			bare += " | " + p.Name + " " + p.Argument
		}
	}
	return bare
}
