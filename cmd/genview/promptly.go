package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"
)

// promptly has a command that saves nothing at its end be over soon after a signal, whatever it is about: compiling kernels and waiting
// for a device know of no context. What the command has open then ends with the process. Files are whole or not there all the same,
// as package files writes them, and what notices the signal has the time to tidy up.
func (a *app) promptly(run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	const grace = 700 * time.Millisecond
	return func(c *cobra.Command, args []string) error {
		ctx := c.Context()
		defer a.console.begin(c.Annotations["doing"]).end()
		done := make(chan error, 1)
		go func() { done <- run(c, args) }()
		var err error
		select {
		case err = <-done:
		case <-ctx.Done():
			select {
			case err = <-done:
			case <-time.After(grace):
				a.console.close()
				return ctx.Err()
			}
		}
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			return ctx.Err() // what was being done then says nothing
		}
		return err
	}
}

// doing is the annotation of a command that says what it is about while it says nothing more exact.
func doing(what string) map[string]string { return map[string]string{"doing": what} }
