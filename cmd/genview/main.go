// Command genview trains image generators on any GPU that speaks Vulkan.
package main

import (
	"fmt"
	"os"
)

func main() {
	ctx := interruptible()
	if err := newRoot().ExecuteContext(ctx); err != nil {
		message, code := failure(ctx, err)
		fmt.Fprintln(os.Stderr, "genview:", message)
		os.Exit(code)
	}
}
