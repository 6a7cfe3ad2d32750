package film

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// ffmpegReady returns an error if the program ffmpeg is not there.
func ffmpegReady() error {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		return errors.New("videos are made by the program ffmpeg, which is not there: install it (apt install ffmpeg, brew install ffmpeg, " +
			"winget install ffmpeg), or take .gif, .apng or .webp")
	}
	return nil
}

// Arguments of ffmpeg for the formats. Players everywhere show H.264 only with a colour for each four pixels (yuv420p), and a film on a page
// begins before it is loaded only if its index comes first.
var (
	h264 = []string{"-c:v", "libx264", "-preset", "medium", "-crf", "18", "-movflags", "+faststart", "-f", "mp4"}
	vp9  = []string{"-c:v", "libvpx-vp9", "-crf", "20", "-b:v", "0", "-deadline", "good", "-cpu-used", "3", "-f", "webm"}
)

// writeVideo returns a writer of videos by ffmpeg, which receives pixels through a pipe.
func writeVideo(codec []string) func(*os.File, *reel) error {
	return func(file *os.File, r *reel) error {
		even := image.Pt(r.size.X+r.size.X%2, r.size.Y+r.size.Y%2)
		cmd := exec.Command("ffmpeg", ffmpegArgs(r, even, codec, file.Name())...)
		cmd.SysProcAttr = apart() // Ctrl-C ends this program, which then ends ffmpeg
		said := &tail{}
		cmd.Stderr = said
		in, err := cmd.StdinPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			return fmt.Errorf("film: ffmpeg cannot be run: %w", err)
		}
		if err, broken := feed(in, r, even); err != nil && !broken { // the film has failed
			_ = cmd.Process.Kill()
			_ = cmd.Wait() // it was killed
			return err
		} else if broken {
			_ = in.Close()
			return ffmpegEnded(cmd.Wait(), said, file.Name())
		}
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			return ffmpegEnded(err, said, file.Name())
		}
		return nil
	}
}

// ffmpegArgs returns the arguments for a film of pictures of an even size. Sums of threads of other numbers could give other bytes.
func ffmpegArgs(r *reel, even image.Point, codec []string, name string) []string {
	args := []string{
		"-hide_banner", "-loglevel", "error", "-y",
		"-f", "rawvideo", "-pix_fmt", "rgba", "-video_size", fmt.Sprintf("%dx%d", even.X, even.Y), "-framerate", strconv.Itoa(r.FPS), "-i", "pipe:0",
		"-vf", "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int,format=yuv420p",
		"-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
		"-threads", "4", "-fflags", "+bitexact", "-flags:v", "+bitexact",
	}
	var lines []string
	for _, n := range r.About {
		lines = append(lines, n.String())
	}
	if r.Source != "" {
		lines = append(lines, r.Source.note().String())
	}
	if len(lines) > 0 {
		args = append(args, "-metadata", "comment="+strings.Join(lines, "\n"))
	}
	return append(append(args, codec...), "file:"+name)
}

// feed writes the pictures' pixels. Pictures of an odd size get their last row or column twice. broken: nobody reads them.
func feed(in io.Writer, r *reel, even image.Point) (err error, broken bool) {
	for img, err := range r.pictures() {
		if err != nil {
			return err, false
		}
		if even != r.size {
			wide := image.NewRGBA(image.Rectangle{Max: even})
			for y := range even.Y {
				row := img.Pix[min(y, r.size.Y-1)*img.Stride:][:4*r.size.X]
				copy(wide.Pix[y*wide.Stride:], row)
				copy(wide.Pix[(y+1)*wide.Stride-4:], row[len(row)-4:])
			}
			img = wide
		}
		if _, err := in.Write(img.Pix); err != nil {
			return err, true
		}
	}
	return nil, false
}

// ffmpegEnded returns the error of a film that ffmpeg did not finish, with the last line that it said.
func ffmpegEnded(err error, said *tail, name string) error {
	why := said.line()
	switch {
	case why == "" && err == nil:
		why = "it does not say why"
	case why == "":
		why = err.Error()
	}
	return fmt.Errorf("film: ffmpeg has ended before the film: %s", strings.ReplaceAll(why, name, "its file"))
}

// A tail keeps the end of what is written to it.
type tail struct{ last []byte }

func (t *tail) Write(p []byte) (int, error) {
	const most = 4096
	t.last = append(t.last, p...)
	t.last = t.last[max(0, len(t.last)-most):]
	return len(p), nil
}

// line returns the last line that is not empty.
func (t *tail) line() string {
	lines := bytes.Split(bytes.TrimSpace(t.last), []byte("\n"))
	return string(bytes.TrimSpace(lines[len(lines)-1]))
}
