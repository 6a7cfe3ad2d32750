package serve

import (
	"context"
	"mime"
	"net/http"
	"strings"
	"time"

	"genview/models/data"
	"genview/models/family"
	"genview/models/film"
	"genview/models/run"

	"github.com/danielgtaylor/huma/v2"
)

// encodeIn is a request of the latent vector of a picture.
type encodeIn struct {
	Kind    string  `header:"Content-Type" hidden:"true"`
	Accept  string  `header:"Accept" hidden:"true"`
	Search  bool    `query:"search" doc:"Search for a latent vector whose picture is more like this one, from what the model encodes it as"`
	Seconds float64 `query:"seconds" minimum:"0" doc:"Time for the search; default and at most that of the server"`
	RawBody []byte  `contentType:"image/*" doc:"The file of a picture: PNG, JPEG, GIF, WebP, BMP or TIFF"`
}

// encodeOut is the answer.
type encodeOut struct {
	Latent  []float32 `json:"latent" doc:"For latents of other requests"`
	Encoded bool      `json:"encoded" doc:"The model's encoder gave it or the point that the search began from"`
	MSE     float64   `json:"mse" doc:"Mean squared difference of the picture that the latent vector gives, with values from 0 to 1"`
	PNG     []byte    `json:"png" contentEncoding:"base64" doc:"That picture"`
}

func (s *Server) addEncode() {
	add(s, huma.Operation{
		Path: "/v1/encode", Summary: "The latent vector of a picture",
		Description: "What the model encodes a picture as; of a model without an encoder, what a search finds. The picture is scaled and cropped to the model's.",
		Responses:   s.answers("The latent vector", encodeOut{}, asJSON),
	}, s.encode)
}

func (s *Server) encode(ctx context.Context, in *encodeIn) (*reply, error) {
	encoder, err := run.As[family.Encoder](s.session)
	encodes := err == nil
	finder, err := run.As[family.Finder](s.session)
	if err != nil && (!encodes || in.Search) {
		return nil, err
	}
	if _, err := choose("", in.Accept, asJSON); err != nil {
		return nil, err
	}
	if kind, _, err := mime.ParseMediaType(in.Kind); err != nil || !strings.HasPrefix(kind, "image/") {
		return nil, huma.NewError(http.StatusUnsupportedMediaType, "the body must be the file of a picture, with its kind in the header, as Content-Type: image/png")
	}
	picture, err := s.picture(ctx, in.RawBody)
	if err != nil {
		return nil, err
	}
	out := encodeOut{Encoded: encodes}
	if encodes {
		if err := s.device.do(ctx, func(ctx context.Context) (err error) { out.Latent, err = encoder.Encode(ctx, picture); return err }); err != nil {
			return nil, err
		}
	}
	if !encodes || in.Search {
		o := family.Search{Time: s.o.Search}
		if in.Seconds > 0 {
			o.Time = min(o.Time, time.Duration(in.Seconds*float64(time.Second)))
		}
		if encodes {
			o.From = [][]float32{out.Latent}
		}
		if err := s.device.do(ctx, func(ctx context.Context) (err error) { out.Latent, _, err = finder.Find(ctx, picture, o); return err }); err != nil {
			return nil, err
		}
	}
	values, err := s.device.pixelsOf(ctx, out.Latent)
	if err != nil {
		return nil, err
	}
	for i, v := range values {
		out.MSE += float64((v-picture[i])*(v-picture[i])) / float64(len(values))
	}
	if out.PNG, err = s.png(ctx, film.Still(s.device.images(values)[0], film.Trained)); err != nil {
		return nil, err
	}
	return replyJSON(out)
}

// picture reads a picture for the model. As many are read at once as there are cores.
func (s *Server) picture(ctx context.Context, file []byte) ([]float32, error) {
	leave, err := s.core(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	c, h, w := s.device.shape[0], s.device.shape[1], s.device.shape[2]
	picture, err := data.DecodeImage(file, c, h, w, s.o.Pixels)
	if err != nil {
		return nil, wrong("%v", err)
	}
	return picture, nil
}

// core waits for one of the places for work that takes a core and memory.
func (s *Server) core(ctx context.Context) (leave func(), err error) {
	select {
	case s.cores <- struct{}{}:
		return func() { <-s.cores }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
