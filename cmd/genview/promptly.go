package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"
)

// promptly makes a command end soon after a signal, for commands that save nothing at their end. Compiling kernels and waiting for a device
// cannot be cancelled, so the process exits in the middle of them. Files are still whole or absent, because package files writes them so,
// and code that notices the signal has time to clean up.
func (a *app) promptly(run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	const grace = 700 * time.Millisecond
	return func(c *cobra.Command, args []string) error {
		ctx := c.Context()
		if what := c.Annotations["doing"]; what != "" {
			defer a.console.begin(what).end()
		}
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
			return ctx.Err() // the error of what was interrupted does not matter
		}
		return err
	}
}

// doing is the annotation of a command with a text to show until it says something more exact.
func doing(what string) map[string]string { return map[string]string{"doing": what} }
