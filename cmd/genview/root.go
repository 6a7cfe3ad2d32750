package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"

	"genview/models/encrypt"
	"genview/models/run"
	"genview/models/signature"
	"genview/models/telemetry"
	"genview/tensor"
	"genview/viewer"
	"genview/vk"

	"github.com/spf13/cobra"
)

// usageError is wrong usage of the command line, with exit code 2.
type usageError struct{ error }

func exitCode(err error) int {
	var usage usageError
	if errors.As(err, &usage) {
		return 2
	}
	return 1
}

// oneLine returns an error as one line without control characters.
func oneLine(err error) string { return visible(strings.Join(strings.Fields(err.Error()), " ")) }

// app holds what all commands share.
type app struct {
	windows *viewer.Thread
	out     *results

	device     string
	extensions []string // that windows need of the device

	checkpoint int // step of the run's checkpoint to use, run.Newest or run.Best
	recorded   int // step of the run's recording whose weights to use; below 0: none

	json   bool
	passes []string // that compilation leaves out
	noTune bool
	place  run.Place    // of the data of an opened run
	beside []string     // folders of runs whose curves the window has, too
	loaded *run.Session // the last run that was opened
	shown  []string     // folders of runs of which a command writes something without opening them
	found  string       // what a command has measured, for the audit log

	telemetry string           // address at which Prometheus is told of trainings; "": none
	meter     *telemetry.Meter // what it is told; nil: nothing yet

	trusted    []string        // files with the keys of those whose checkpoints are loaded
	identities []string        // files of the secret keys that open encrypted runs
	trust      signature.Trust // those keys; nil: anybody's are
	secret     *encrypt.Lock   // how new runs are encrypted; nil: they are plain

	watermark string // of the pictures of commands; "": the run's
	anonymous bool   // files that are written do not say where they come from

	widthSet bool // the user has set lavapipe's vector width

	console *console
	ended   func() error            // why the command must end; nil: it need not
	fail    func(call string) error // vk.Options.Fail, for tests
}

func (a *app) without() []tensor.Pass {
	var out []tensor.Pass
	for _, p := range a.passes {
		out = append(out, tensor.Pass(p))
	}
	return out
}

func newRoot(windows *viewer.Thread, out *results) *cobra.Command {
	a := &app{windows: windows, out: out, console: newConsole()}
	out.console = a.console
	return a.root()
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "genview",
		Short: "Train image generators and Transformers on any GPU that speaks Vulkan, and watch them learn",
		Long: `genview trains variational autoencoders, GANs and Transformers on any GPU that speaks Vulkan, or on the
CPU through Mesa's lavapipe, and shows what they have learned, live in a window or headless.

  genview                      # a window to begin from
  genview view vae --data glyphs
  genview train vae --data glyphs --out runs/letters --steps 2000
  genview walk runs/letters --from seed:1 --to seed:7 -o walk.gif

Exit codes: 0 done (also a training that a signal ended: it is saved), 1 it failed, 2 wrong usage, 128 + N ended by signal N
before it was done. Ctrl-C, SIGTERM, SIGHUP and SIGQUIT all end a training so; a second Ctrl-C ends anything at once, unsaved.`,
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			a.ended = c.Context().Err
			a.widen()
			if err := errors.Join(a.readTrust(), a.readIdentities()); err != nil {
				return err
			}
			if c.Flags().Changed("recorded") && c.Flags().Changed("checkpoint") {
				return usageError{errors.New("--recorded and --checkpoint both say which weights to take: give one of them")}
			}
			if c.Flags().Changed("recorded") && a.recorded < 0 {
				return usageError{fmt.Errorf("--recorded %d: give a step, 0 or more", a.recorded)}
			}
			return a.checkPasses()
		},
		PersistentPostRun: func(c *cobra.Command, _ []string) { a.logExport(c) },
		Args: func(c *cobra.Command, what []string) error {
			if len(what) > 0 {
				return noCommand(c, what[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error {
			if tell, _ := c.Flags().GetBool("version"); tell {
				_, err := io.WriteString(a.out, versionText())
				return err
			}
			if errors.Is(viewer.CheckDisplay(), viewer.ErrNoDisplay) {
				return c.Help()
			}
			return a.begin(c.Context())
		},
	}
	root.PersistentFlags().StringVar(&a.device, "device", os.Getenv("GENVIEW_DEVICE"), "Vulkan device: an index or part of a name (default the best; also GENVIEW_DEVICE)")
	a.checkpoint = run.Newest
	root.PersistentFlags().Var((*checkpointFlag)(&a.checkpoint), "checkpoint", "take a run's checkpoint of this `STEP`, or the best one on held-out data, and not the newest: a step, best or newest")
	root.PersistentFlags().IntVar(&a.recorded, "recorded", -1, "of a run that is opened, take the weights that its recording has of this step, in 16 bits")
	root.PersistentFlags().Lookup("recorded").DefValue = "0"
	root.PersistentFlags().StringSliceVar(&a.passes, "without", nil, fmt.Sprintf(`leave passes of compilation out, to see what they do: %v
without recompute, cheap values are kept for the gradients and not computed again: half as much
memory again for a GPT, for 0.5 %% fewer FLOPs and no less time; train --dry-run says how much`, tensor.Passes()))
	root.PersistentFlags().BoolVar(&a.noTune, "no-tune", false, "take kernels by rule: try none before training, and use nothing of what tune found out")
	root.PersistentFlags().StringSliceVar(&a.trusted, "trusted-keys", nil, "load only checkpoints that one of the public keys in these files has signed (also GENVIEW_TRUSTED_KEYS)")
	root.PersistentFlags().StringSliceVar(&a.identities, "identity", nil, "open encrypted runs with the secret keys of age's in these files (also "+identityVariable+")")
	root.Flags().Bool("version", false, "say which genview this is, of which commit, and what devices and drivers there are")
	root.SetFlagErrorFunc(flagError)
	root.SetOut(a.out) // for help
	root.AddCommand(a.train(), a.view(), a.present(), a.serve(), a.run())
	for _, c := range []*cobra.Command{
		a.presets(), a.walk(), a.filming(), a.directions(), a.mapping(), a.curves(), a.sample(), a.reconstruct(), a.translate(), a.generate(), a.classify(), a.attention(), a.heads(), a.inspect(), a.provenance(), a.runs(), a.report(), a.card(), a.audit(), a.decrypt(), a.keygen(), a.sign(), a.verify(), a.eval(), a.devices(), a.doctor(), a.bench(), a.tune(),
	} {
		c.RunE = a.promptly(c.RunE)
		root.AddCommand(c)
	}
	strictly(root)
	advised(root)
	return root
}

// checkpointFlag is the step of a checkpoint, or what stands for it.
type checkpointFlag int

// checkpointNames are the words that stand for the step of a checkpoint.
var checkpointNames = map[string]int{"newest": run.Newest, "best": run.Best}

// Set reads a step of 0 or more, or a word.
func (f *checkpointFlag) Set(text string) error {
	at, ok := checkpointNames[text]
	if !ok {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return errors.New(fits(f.Type()))
		}
		at = n
	}
	*f = checkpointFlag(at)
	return nil
}

func (f *checkpointFlag) String() string {
	for word, at := range checkpointNames {
		if int(*f) == at {
			return word
		}
	}
	return strconv.Itoa(int(*f))
}

// Type names the kind of value.
func (f *checkpointFlag) Type() string { return "checkpoint" }

// openDevice opens the device.
func (a *app) openDevice() (*vk.Device, error) {
	h := a.host()
	return h.OpenDevice()
}

// wordsOf returns the words in the names of devices. Each can be given to --device.
func wordsOf(devices []vk.Info) []string {
	var words []string
	for _, d := range devices {
		words = append(words, strings.FieldsFunc(d.Name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })...)
	}
	return words
}
