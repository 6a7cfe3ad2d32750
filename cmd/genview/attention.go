package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"genview/models/data"
	"genview/models/family"
	"genview/models/film"
	"genview/models/heads"
	"genview/models/lettering"
	"genview/models/picture"
	"genview/models/watch"
	"genview/vk/files"

	"github.com/spf13/cobra"
)

func (a *app) attention() *cobra.Command {
	var out, reduce, inside string
	c := &cobra.Command{
		Use:         "attention RUN TEXT",
		Annotations: doing("reading"),
		Short:       "Show what each head of a Transformer attends to as it reads a text",
		Long: `Prints what each head attends to as the model reads a text: the mean entropy of its rows in nats, the mean distance to the tokens
that it reads, how much it reads the previous token, and which token gets the most. With -o it writes the maps. For a
Vision Transformer TEXT is the number of a held-out picture, or the path of a picture, and the maps are of the class token.`,
		Example: `  genview attention runs/dates "3 May 1998"
  genview attention runs/dates "3 May 1998" -o maps.png
  genview attention runs/shakespeare "To be, or not to be" --reduce rollout -o maps.html
  genview attention runs/vit digit.png -o maps.png
  genview attention runs/shakespeare "To be, or not to be" --stages h.1.attn:3 -o stages.npz`,
		Args: args(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, words []string) (err error) {
			if c.Flags().Changed("stages") {
				return a.stages(c.Context(), words[0], words[1], inside, reduce, out)
			}
			if err := a.checkMaps(out); err != nil {
				return err
			}
			if c.Flags().Changed("reduce") {
				if err := heads.Reduction(reduce).Known(); err != nil {
					return usageError{fmt.Errorf("--reduce: %w", err)}
				}
			}
			s, m, err := opened[family.Reader](c.Context(), a, words[0])
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			maps, err := attended(c.Context(), m, words[1])
			if err != nil {
				return err
			}
			if maps.Prompt.Problem != "" {
				return errors.New(maps.Prompt.Problem)
			}
			if reduce != "" {
				maps.Maps = heads.Reduce(maps.Maps, heads.Reduction(reduce))
			}
			return a.writeMaps(out, maps)
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", `file to write: .html (a page with hover and lines), .json, .npy (an array [layers, heads, to, from]),
.npz (an array for each layer), .png and what else sample writes; -.json and so on for stdout`)
	c.Flags().StringVar(&reduce, "reduce", "", fmt.Sprintf("one map for each layer, in place of one for each head: %s, %s or %s", heads.Average, heads.Maximum, heads.Rollout))
	c.Flags().StringVar(&inside, "stages", "", `what one head computes, as LAYER:HEAD: the scores Q·K, which are masked, their softmax, the weighted values;
with -o as .json, or .npz with an array for each`)
	c.Flags().BoolVar(&a.anonymous, "no-provenance", false, "do not write into the file what it was made with and from")
	return c
}

// attended returns the attention maps of a text or, for a model that looks at pictures, of a held-out picture's number or of a file.
func attended(ctx context.Context, m family.Reader, text string) (*watch.HeatMaps, error) {
	g, ok := m.(family.Gazer)
	if _, err := strconv.Atoi(text); !ok || err == nil {
		return m.Attend(ctx, text)
	}
	c, h, w := g.Shape()
	pixels, err := data.ReadImage(text, c, h, w)
	if err != nil {
		return nil, err
	}
	return g.Gaze(ctx, text, pixels)
}

// stages prints or writes the stages of a head's attention to a text.
func (a *app) stages(ctx context.Context, folder, text, name, reduce, out string) (err error) {
	at := strings.LastIndex(name, ":")
	n, wrong := strconv.Atoi(name[at+1:])
	format := strings.ToLower(filepath.Ext(out))
	switch {
	case at < 1 || wrong != nil || n < 1:
		return usageError{fmt.Errorf("--stages %q: give a layer and the number of a head, as h.1.attn:3; genview attention lists both", name)}
	case reduce != "":
		return usageError{errors.New("--stages is of one head, --reduce of all: give one of the two")}
	case out != "" && !slices.Contains(heads.StageFormats, format):
		return usageError{fmt.Errorf("-o %s: stages are written as %s", out, strings.Join(heads.StageFormats, " or "))}
	case a.binary(out, format):
		return fmt.Errorf("-o %s: a terminal does not show arrays: send the output to a program, or name a file", out)
	}
	s, m, err := opened[family.Dissected](ctx, a, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	stages, err := m.Stages(ctx, text, watch.Dissect{Layer: name[:at], Head: n - 1})
	if err != nil {
		return err
	}
	if out == "" {
		_, err := io.WriteString(a.out, heads.StageTable(stages))
		return err
	}
	var file bytes.Buffer
	if err := heads.WriteStages(&file, format, stages); err != nil {
		return err
	}
	return a.put(out, file.Bytes())
}

// mapFormat returns the format of package heads that a name asks for; "" for pictures.
func mapFormat(out string) string {
	if format := strings.ToLower(filepath.Ext(out)); slices.Contains(heads.Formats, format) {
		return format
	}
	return ""
}

// checkMaps returns an error if maps cannot be written to a name.
func (a *app) checkMaps(out string) error {
	switch format := mapFormat(out); {
	case out == "", format != "" && !a.binary(out, format):
		return nil
	case format != "":
		return fmt.Errorf("-o %s: a terminal does not show arrays: send the output to a program, or name a file", out)
	}
	if err := a.checkOutput(out); err != nil {
		return fmt.Errorf("%w; for maps also %s", err, strings.Join(heads.Formats, ", "))
	}
	return nil
}

// binary tells whether a terminal would get bytes that are no text.
func (a *app) binary(out, format string) bool {
	_, toStdout := stdoutOf(out)
	return a.out.terminal && toStdout && strings.HasPrefix(format, ".np")
}

// writeMaps prints maps, or writes them to the name that the user gave.
func (a *app) writeMaps(out string, v *watch.HeatMaps) error {
	format := mapFormat(out)
	switch {
	case out == "":
		a.tellUnread(func(line string) { fmt.Fprintln(a.out, line) }, v.Prompt)
		if v.Prompt.Output != "" {
			fmt.Fprintf(a.out, "%s → %q\n", v.Prompt.Text, v.Prompt.Output)
		}
		if v.Prompt.Next != nil {
			fmt.Fprintln(a.out, nextTokens(v.Prompt.Next))
		}
		_, err := io.WriteString(a.out, heads.Table(v))
		return err
	case format == "":
		fonts, err := lettering.New(lettering.Options{CacheDir: cacheDir()})
		if err != nil {
			return err
		}
		return a.film(out, film.Still(picture.HeatMaps(fonts, v), film.Data))
	}
	about := map[string]string{"Title": firstOf(v.Prompt.Text, 60)}
	if !a.anonymous {
		notes, err := a.about()
		if err != nil {
			return err
		}
		for _, n := range notes {
			about[n.Key] = n.Value
		}
	}
	var file bytes.Buffer
	if err := heads.Write(&file, format, v, about); err != nil {
		return err
	}
	if err := a.put(out, file.Bytes()); err != nil {
		return err
	}
	a.tellUnread(func(line string) { a.console.say("%s", line) }, v.Prompt)
	return nil
}

// put writes a file to the name that the user gave, and prints the name.
func (a *app) put(out string, p []byte) error {
	if _, toStdout := stdoutOf(out); toStdout {
		_, err := pixels{a.out}.Write(p)
		return err
	}
	if err := files.WriteBytes(out, p); err != nil {
		return err
	}
	fmt.Fprintln(a.out, out)
	return nil
}

// tellUnread says which part of a text was read, if it was not all.
func (a *app) tellUnread(say func(line string), p *watch.Prompt) {
	if p.Unread > 0 {
		n := len([]rune(p.Text))
		say(fmt.Sprintf("of %d characters the model reads %d: the maps are of the last", n, n-p.Unread))
	}
}

// nextTokens is a line of the likeliest next tokens.
func nextTokens(all []watch.Likely) string {
	var parts []string
	for _, n := range all {
		parts = append(parts, fmt.Sprintf("%q %.1f %%", n.Token, 100*n.P))
	}
	return "next: " + strings.Join(parts, ", ")
}

// firstOf returns the first n characters of a text, in one line.
func firstOf(text string, n int) string {
	r := []rune(strings.Join(strings.Fields(text), " "))
	if len(r) > n {
		return string(r[:n]) + "…"
	}
	return string(r)
}

func (a *app) heads() *cobra.Command {
	var out string
	o := family.Evaluation{}
	c := &cobra.Command{
		Use:         "heads RUN",
		Annotations: doing("measuring"),
		Short:       "Score each attention head of a Transformer, and measure the model without it",
		Long: `For each head prints scores on held-out data: the mean entropy of its rows in nats, the mean distance to the tokens that it reads, how
much it reads the previous token, and how far it completes repetitions of random tokens (induction; Olsson et al. 2022). Then what the
loss is more if the head puts out zeros, or its mean output. The heads are taken away on the device by inputs of one program.`,
		Example: `  genview heads runs/shakespeare
  genview heads runs/dates --examples 1000 -o heads.csv`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, words []string) (err error) {
			if c.Flags().Changed("examples") && o.Examples < 1 {
				return usageError{errors.New("--examples: give 1 or more")}
			}
			ending := strings.ToLower(filepath.Ext(out))
			if out != "" && ending != ".json" && ending != ".csv" {
				return usageError{fmt.Errorf("-o %s: the ending must be .json or .csv", out)}
			}
			s, m, err := opened[family.Attentive](c.Context(), a, words[0])
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			r, err := m.Examine(c.Context(), o)
			switch {
			case err != nil:
				return err
			case a.json:
				return a.printJSON(s.Step, r)
			case out == "":
				_, err := fmt.Fprintf(a.out, "%sstep %d: %s\n", r.Table(), s.Step, r)
				return err
			}
			var file bytes.Buffer
			if ending == ".csv" {
				err = r.CSV(&file)
			} else {
				err = json.NewEncoder(&file).Encode(r)
			}
			return errors.Join(err, a.put(out, file.Bytes()))
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "file to write: .json or .csv; -.json and -.csv for stdout")
	c.Flags().IntVar(&o.Examples, "examples", 0, "held-out examples to measure on; of a text: windows of the model's context (default 256; of a text 4096 characters)")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	addPlace(c.Flags(), &a.place)
	return c
}
