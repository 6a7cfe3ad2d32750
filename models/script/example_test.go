package script_test

import (
	"context"
	"fmt"

	"genview/models/run"
	"genview/models/script"
)

// A script computes latent vectors; the host opens its runs.
func ExampleRun() {
	source := `
z = path([noise(8, seed=s)(0) for s in range(3)], kind="cubic", loop=True)
print("it comes back:", (z(0) - z(1)).norm < 1e-5)
print("speed", param("speed", 1.0))
`
	err := script.Run(context.Background(), "loop.star", []byte(source), script.Options{
		Open:  func(ctx context.Context, dir string) (*script.Session, error) { return run.Open(ctx, dir, run.Host{}) },
		Set:   map[string]string{"speed": "2"},
		Print: func(line string) { fmt.Println(line) },
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// it comes back: True
	// speed 2.0
}

// An Interpreter executes statements one after another, as a prompt does.
func ExampleInterpreter() {
	in := script.New(script.Options{
		Open: func(ctx context.Context, dir string) (*script.Session, error) { return run.Open(ctx, dir, run.Host{}) },
	})
	defer in.Close()
	lines := []string{"a, b = noise(8, seed=1)(0), noise(8, seed=2)(0)", "slerp(a, b, 1) == b"}
	for len(lines) > 0 {
		s, err := in.Read(func() (string, error) {
			line := lines[0]
			lines = lines[1:]
			return line, nil
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		value, err := in.Do(context.Background(), s)
		fmt.Println(value, err)
	}
	// Output:
	//  <nil>
	// True <nil>
}
