// Command genview trains image generators on any GPU that speaks Vulkan.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := newRoot().ExecuteContext(interruptible()); err != nil {
		fmt.Fprintln(os.Stderr, "genview:", oneLine(err))
		os.Exit(exitCode(err))
	}
}
