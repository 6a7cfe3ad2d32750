// Command genview trains image generators, image classifiers and Transformers on any GPU that speaks Vulkan.
package main

import (
	"fmt"
	"os"

	"genview/viewer"
)

func main() {
	windows := viewer.NewThread()
	go func() { os.Exit(execute(windows)) }()
	windows.Serve()
}

// execute runs the command line and returns the exit code.
func execute(windows *viewer.Thread) int {
	ctx := interruptible()
	out := &results{to: os.Stdout, terminal: onTerminal(os.Stdout)}
	err := newRoot(windows, out).ExecuteContext(ctx)
	if failed := out.done(); err == nil {
		err = failed
	}
	if err != nil {
		message, code := failure(ctx, err)
		fmt.Fprintln(os.Stderr, "genview:", message)
		return code
	}
	return 0
}
