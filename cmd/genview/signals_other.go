//go:build !unix

package main

import "os"

var moreEndings []os.Signal
