package serve

import (
	"context"
	"net/http"

	"genview/models/directions"
	"genview/models/family"
	"genview/models/run"

	"github.com/danielgtaylor/huma/v2"
)

// modelOut is what a server tells of its model.
type modelOut struct {
	Body struct {
		Title      string          `json:"title" doc:"The kind of model"`
		Run        string          `json:"run,omitempty" doc:"The name of the run's folder"`
		Step       int             `json:"step" doc:"Of the training that its weights are from"`
		Parameters int             `json:"parameters"`
		Device     string          `json:"device"`
		Data       string          `json:"data,omitempty"`
		Can        map[string]bool `json:"can" doc:"Which requests the model answers"`
		Z          int             `json:"z,omitempty" doc:"Numbers of a latent vector"`
		Picture    []int           `json:"picture,omitempty" doc:"Channels, height and width of a picture"`
		Directions []string        `json:"directions,omitempty" doc:"Names for dir:NAME"`
		Opening    string          `json:"opening,omitempty" doc:"The prompt that is gone on from if none is given"`
		Limits     struct {
			Body       int64 `json:"body_bytes"`
			Pictures   int   `json:"pictures" doc:"That one request has decoded"`
			Pixels     int   `json:"pixels" doc:"Of a picture that is received or sent"`
			Characters int   `json:"characters" doc:"Of a text"`
		} `json:"limits"`
	}
}

// can tells whether a session's model has an ability.
func can[Ability any](s *run.Session) bool {
	_, err := run.As[Ability](s)
	return err == nil
}

func (s *Server) addModel() {
	huma.Register(s.api, huma.Operation{OperationID: "model", Method: http.MethodGet, Path: "/v1/model", Summary: "The model, and what it can do"},
		func(context.Context, *struct{}) (*modelOut, error) {
			out := &modelOut{}
			b := &out.Body
			about := s.session.Snapshot("")
			b.Title, b.Step, b.Parameters, b.Device, b.Data = s.session.Title(), s.session.Step, s.session.Model.Parameters(), about.Device, about.Data
			decodes := can[family.DeviceDecoder](s.session)
			b.Can = map[string]bool{
				"sample": decodes, "walk": decodes, "encode": can[family.Encoder](s.session) || can[family.Finder](s.session),
				"attention": can[family.Reader](s.session), "generate": can[family.Generator](s.session),
			}
			if decodes {
				b.Z, b.Picture = s.device.z, s.device.shape[:]
			}
			if s.session.Folder != nil {
				b.Run = about.Title
				var err error
				if b.Directions, err = directions.Names(s.session.Folder.Dir); err != nil {
					return nil, s.answered(err)
				}
			}
			if m, err := run.As[family.Generator](s.session); err == nil {
				b.Opening = m.Opening()
			}
			b.Limits.Body, b.Limits.Pictures, b.Limits.Pixels, b.Limits.Characters = s.o.Body, s.o.Pictures, s.o.Pixels, s.o.Text
			return out, nil
		})
}
