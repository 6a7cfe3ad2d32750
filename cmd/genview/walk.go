package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"iter"

	"genview/models/data"
	"genview/models/picture"
	"genview/models/vae"
	"genview/models/walk"

	"github.com/spf13/cobra"
)

func (a *app) walk() *cobra.Command {
	var from, to, interp, out string
	var frames, fps int
	c := &cobra.Command{
		Use:     "walk RUN",
		Short:   "Walk through a model's latent space, as a GIF, APNG or PNG sheet",
		Example: "  genview walk runs/letters --from seed:1 --to seed:7 --frames 120 --interp slerp -o walk.gif",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, runs []string) (err error) {
			f, ok := walk.Interps[interp]
			if !ok {
				return usageError{fmt.Errorf("--interp %s: choose lerp or slerp%s", interp, meant(interp, []string{"lerp", "slerp"}))}
			}
			if frames < 1 {
				return usageError{fmt.Errorf("--frames %d: give 1 or more", frames)}
			}
			if fps < 1 || fps > 100 {
				return usageError{fmt.Errorf("--fps %d: give 1 to 100", fps)}
			}
			if err := walk.CheckName(out); err != nil {
				return err
			}
			s, m, _, err := opened[*pictures](a, runs[0], onlyPictures)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.close()) }()
			var stops [][]float32
			for _, text := range []string{from, to} {
				p, err := walk.Point(text, m.Z())
				if err != nil {
					return err
				}
				stops = append(stops, p)
			}
			path, err := walk.Path(stops, frames, f)
			if err != nil {
				return err
			}
			film := walk.Film{
				Frames: frames, FPS: fps, Scale: max(1, 168/s.config.Data.Size),
				Pictures: m.along(c.Context(), path, frames),
			}
			if err := walk.WriteMedia(out, film); err != nil {
				return err
			}
			if said := walk.Slowed(out, film); said != "" {
				a.console.say("%s", said)
			}
			fmt.Fprintln(a.out, out)
			return nil
		},
	}
	c.Flags().StringVar(&from, "from", "seed:1", "first point: seed:N or file:z.json")
	c.Flags().StringVar(&to, "to", "seed:2", "last point")
	c.Flags().StringVar(&interp, "interp", "slerp", "slerp or lerp")
	c.Flags().IntVar(&frames, "frames", 120, "pictures of the walk")
	c.Flags().IntVar(&fps, "fps", 25, "pictures a second")
	c.Flags().StringVarP(&out, "output", "o", "walk.gif", "file to write: .gif, .apng or .png (a sheet)")
	return c
}

// along yields the pictures of frames points. Batches are small, for a device is waited for however long it takes.
func (m *pictures) along(ctx context.Context, point func(i int) []float32, frames int) iter.Seq2[*image.RGBA, error] {
	const batch = 16
	return func(yield func(*image.RGBA, error) bool) {
		for at := 0; at < frames; at += batch {
			m.session.console.count("pictures", at, frames)
			var z []float32
			for i := at; i < min(at+batch, frames); i++ {
				z = append(z, point(i)...)
			}
			images, err := m.draw(ctx, z)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, img := range images {
				if !yield(img, ctx.Err()) {
					return
				}
			}
		}
	}
}

func (a *app) sample() *cobra.Command {
	var n, seed int
	var out string
	c := &cobra.Command{
		Use:     "sample RUN",
		Short:   "Draw pictures from a trained model",
		Example: "  genview sample runs/letters -n 64 -o grid.png",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, runs []string) (err error) {
			if n < 1 {
				return usageError{fmt.Errorf("-n %d: give 1 or more", n)}
			}
			if seed < 0 {
				return usageError{fmt.Errorf("--seed %d: give 0 or more", seed)}
			}
			if err := walk.CheckName(out); err != nil {
				return err
			}
			s, _, _, err := a.load(runs[0])
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.close()) }()
			switch m := s.model.(type) {
			case *pictures:
				err = m.sample(c.Context(), seed, n, out)
			case *points:
				err = m.sample(c.Context(), seed, n, out)
			default:
				err = fmt.Errorf("this run's model is %s and makes no pictures: see genview translate and genview generate", s.config.aTitle())
			}
			if err != nil {
				return err
			}
			fmt.Fprintln(a.out, out)
			return nil
		},
	}
	c.Flags().IntVarP(&n, "number", "n", 64, "how many pictures")
	c.Flags().IntVar(&seed, "seed", 1, "the first picture's seed; the next have the next")
	c.Flags().StringVarP(&out, "output", "o", "grid.png", "file to write")
	return c
}

func (a *app) reconstruct() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:     "reconstruct RUN PICTURE…",
		Short:   "Encode pictures and decode them again, side by side",
		Example: "  genview reconstruct runs/letters a.png b.png -o pairs.png",
		Args:    args(cobra.RangeArgs(2, 101)),
		RunE: func(c *cobra.Command, names []string) (err error) {
			if err := walk.CheckName(out); err != nil {
				return err
			}
			s, m, _, err := opened[*pictures](a, names[0], onlyPictures)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.close()) }()
			encoder, ok := m.maker.(*vae.Trainer)
			if !ok {
				return fmt.Errorf("reconstruct needs a VAE, this run's model is %s: see genview sample and genview walk", s.config.aTitle())
			}
			d := s.config.Data
			var in []float32
			for _, name := range names[1:] {
				p, err := data.ReadImage(name, d.Channels, d.Size, d.Size)
				if err != nil {
					return err
				}
				in = append(in, p...)
			}
			z, err := encoder.Encode(c.Context(), in)
			if err != nil {
				return err
			}
			before := m.images(in)
			after, err := m.draw(c.Context(), z)
			if err != nil {
				return err
			}
			var both []*image.RGBA
			for i := range before {
				both = append(both, before[i], after[i])
			}
			if err := picture.Save(out, picture.Sheet(both, 2)); err != nil {
				return err
			}
			fmt.Fprintln(a.out, out)
			return nil
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "reconstruction.png", "file to write")
	return c
}
