package encrypt_test

import (
	"fmt"
	"os"
	"path/filepath"

	"genview/models/encrypt"
)

// A file that is encrypted to a public key is opened with the secret one.
func Example() {
	dir, err := os.MkdirTemp("", "genview-example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	me := filepath.Join(dir, "me.txt")
	public, err := encrypt.Generate(me, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	to, err := encrypt.Parse(public)
	if err != nil {
		fmt.Println(err)
		return
	}
	path := to.Path(filepath.Join(dir, "notes.txt"))
	if err := to.WriteBytes(path, []byte("a thought")); err != nil {
		fmt.Println(err)
		return
	}
	if err := encrypt.AddIdentities(me); err != nil {
		fmt.Println(err)
		return
	}
	text, err := encrypt.ReadFile(path)
	fmt.Println(filepath.Base(path), string(text), err)
	// Output: notes.txt.age a thought <nil>
}
