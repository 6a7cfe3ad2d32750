package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"genview/models/family"
	"genview/models/settings"
	"genview/tensor"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// meant returns the end of an error about an unknown word: a suggestion, if a known word is similar.
func meant(word string, known []string) string {
	if near := settings.Nearest(word, known); near != "" {
		return fmt.Sprintf("; did you mean %s?", near)
	}
	return ""
}

// checkPasses returns an error if a pass to leave out does not exist.
func (a *app) checkPasses() error {
	var names []string
	for _, p := range tensor.Passes() {
		names = append(names, string(p))
	}
	for _, p := range a.passes {
		if !slices.Contains(names, p) {
			return usageError{fmt.Errorf("--without %s: there is no such pass%s; there are %s", p, meant(p, names), strings.Join(names, ", "))}
		}
	}
	return nil
}

// args wraps cobra's check of positional arguments so that its errors are wrong usage.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, a []string) error {
		if check == nil || check(c, a) == nil {
			return nil
		}
		_, takes, _ := strings.Cut(c.Use, " ")
		many := "does not take " + family.CountOf(len(a), "argument")
		if len(a) == 0 {
			many = "needs arguments"
		}
		return usageError{fmt.Errorf("%s %s: write %s; see %[1]s --help", c.CommandPath(), many, strings.TrimSpace(c.CommandPath()+" "+takes))}
	}
}

// noCommand returns the error of an unknown command.
func noCommand(root *cobra.Command, word string) error {
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	return usageError{fmt.Errorf("there is no command %q%s; see genview --help", word, meant(word, names))}
}

// strictly makes wrong usage of cobra's own commands a usage error, too.
func strictly(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	root.SetHelpCommand(&cobra.Command{
		Use: "help [COMMAND]", Short: "Say what a command does",
		RunE: func(_ *cobra.Command, words []string) error {
			c, rest, err := root.Find(words)
			if err != nil || len(rest) > 0 {
				return noCommand(root, words[0])
			}
			return c.Help()
		},
	})
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.Args, c.RunE = args(cobra.NoArgs), func(c *cobra.Command, _ []string) error { return c.Help() }
		for _, shell := range c.Commands() {
			shell.Args = args(cobra.NoArgs)
		}
	}
}

// flagError returns an error that says what is wrong with a flag and which values it takes.
func flagError(c *cobra.Command, err error) error {
	text := err.Error()
	var unknown *pflag.NotExistError
	var value *pflag.InvalidValueError
	var missing *pflag.ValueRequiredError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "":
		var names []string
		add := func(f *pflag.Flag) { names = append(names, "--"+f.Name) }
		c.Flags().VisitAll(add)
		c.InheritedFlags().VisitAll(add)
		name := "--" + unknown.GetSpecifiedName()
		text = "unknown flag " + name + meant(name, names)
	case errors.As(err, &value):
		f := value.GetFlag()
		text = fmt.Sprintf("--%s %s: give %s", f.Name, value.GetValue(), fits(f.Value.Type()))
	case errors.As(err, &missing):
		f := missing.GetFlag()
		text = fmt.Sprintf("--%s needs a value: give %s", f.Name, fits(f.Value.Type()))
	}
	return usageError{fmt.Errorf("%s; see %s --help", text, c.CommandPath())}
}

// fits describes the values of a flag type of package pflag.
func fits(kind string) string {
	switch kind {
	case "int", "int64":
		return "a whole number, as 100"
	case "uint64":
		return "a whole number of 0 or more, as 7"
	case "float64":
		return "a number, as 0.5"
	case "bool":
		return "true or false"
	case "duration":
		return "a time, as 5s"
	case "checkpoint":
		return "the step of a checkpoint, 0 or more, or best"
	}
	return "a " + kind
}
