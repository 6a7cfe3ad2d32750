package tensorboard

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"slices"
	"strconv"
	"time"

	"genview/models/watch"

	"google.golang.org/protobuf/encoding/protowire"
)

// castagnoli is the polynomial of the checksums in event files.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum returns the masked CRC-32C of TFRecord files, so that a checksum of data that holds checksums is sound.
func checksum(p []byte) uint32 {
	c := crc32.Checksum(p, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

// frame appends an event as a record: its length with a checksum, then the event with a checksum, in little-endian order.
func frame(out, event []byte) []byte {
	at := len(out)
	out = binary.LittleEndian.AppendUint64(out, uint64(len(event)))
	out = binary.LittleEndian.AppendUint32(out, checksum(out[at:]))
	out = append(out, event...)
	return binary.LittleEndian.AppendUint32(out, checksum(event))
}

// A message is a protocol buffer message that is built field by field. The numbers of fields are those of TensorBoard's messages, each named
// in a comment where it is set.
type message []byte

func (m message) integer(field protowire.Number, v uint64) message {
	return protowire.AppendVarint(protowire.AppendTag(m, field, protowire.VarintType), v)
}

func (m message) double(field protowire.Number, v float64) message {
	return protowire.AppendFixed64(protowire.AppendTag(m, field, protowire.Fixed64Type), math.Float64bits(v))
}

func (m message) single(field protowire.Number, v float64) message {
	return protowire.AppendFixed32(protowire.AppendTag(m, field, protowire.Fixed32Type), math.Float32bits(float32(v)))
}

func (m message) bytes(field protowire.Number, p []byte) message {
	return protowire.AppendBytes(protowire.AppendTag(m, field, protowire.BytesType), p)
}

func (m message) text(field protowire.Number, s string) message { return m.bytes(field, []byte(s)) }

// doubles appends a packed list.
func (m message) doubles(field protowire.Number, values []float64) message {
	var p []byte
	for _, v := range values {
		p = protowire.AppendFixed64(p, math.Float64bits(v))
	}
	return m.bytes(field, p)
}

// eventOf begins an Event: wall_time = 1, step = 2.
func eventOf(step int, at time.Time) message {
	return message(nil).double(1, seconds(at)).integer(2, uint64(max(0, step)))
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// began is the first event of a file: Event.file_version = 3.
func began(at time.Time) message { return message(nil).double(1, seconds(at)).text(3, "brain.Event:2") }

// restarted says that what other files of the run have from a step on is void: Event.session_log = 7, SessionLog.status = 1 is START = 1.
func restarted(step int, at time.Time) message {
	return eventOf(step, at).bytes(7, message(nil).integer(1, 1))
}

// summary returns an event with values: Event.summary = 5, Summary.value = 1.
func summary(step int, at time.Time, values ...message) message {
	var s message
	for _, v := range values {
		s = s.bytes(1, v)
	}
	return eventOf(step, at).bytes(5, s)
}

// scalar is a Value: tag = 1, simple_value = 2.
func scalar(tag string, v float64) message { return message(nil).text(1, tag).single(2, v) }

// pictureOf is a Value with an image = 4: height = 1, width = 2, colorspace = 3 is RGBA = 4, encoded_image_string = 4.
func pictureOf(tag string, width, height int, png []byte) message {
	image := message(nil).integer(1, uint64(height)).integer(2, uint64(width)).integer(3, 4).bytes(4, png)
	return message(nil).text(1, tag).bytes(4, image)
}

// histogram is a Value with a histo = 5: min = 1, max = 2, num = 3, sum = 4, sum_squares = 5, bucket_limit = 6, bucket = 7. A bucket reaches
// from the limit before it to its own. There are none for the empty bins at both ends: TensorBoard has the first bucket with values begin at
// min, and the last end at max.
func histogram(tag string, h watch.Histogram) message {
	n, low, high := 0.0, 0.0, 0.0
	limit := func(i int) float64 { return h.Most * (2*float64(i)/float64(len(h.Counts)) - 1) } // where bin i begins
	full := func(c int) bool { return c > 0 }
	var limits, counts []float64
	if first := slices.IndexFunc(h.Counts, full); first >= 0 {
		low = limit(first)
		for i := first; slices.ContainsFunc(h.Counts[i:], full); i++ {
			high = limit(i + 1)
			n += float64(h.Counts[i])
			limits, counts = append(limits, high), append(counts, float64(h.Counts[i]))
		}
	}
	histo := message(nil).double(1, low).double(2, high).double(3, n).double(4, n*h.Mean).double(5, n*(h.Mean*h.Mean+h.Std*h.Std)).
		doubles(6, limits).doubles(7, counts)
	return message(nil).text(1, tag).bytes(5, histo)
}

// plugin is SummaryMetadata: plugin_data = 1, with plugin_name = 1 and content = 2.
func plugin(name string, content []byte) message {
	data := message(nil).text(1, name)
	if len(content) > 0 {
		data = data.bytes(2, content)
	}
	return message(nil).bytes(1, data)
}

// markdown is a Value of the text plugin: metadata = 9, tensor = 8 with dtype = 1 of DT_STRING = 7, tensor_shape = 2 of one dim = 2 with
// size = 1, and string_val = 8.
func markdown(tag, text string) message {
	tensor := message(nil).integer(1, 7).bytes(2, message(nil).bytes(2, message(nil).integer(1, 1))).text(8, text)
	return message(nil).text(1, tag).bytes(9, plugin("text", nil)).bytes(8, tensor)
}

// started is the Value that tells the hyper-parameters of a session: HParamsPluginData.session_start_info = 3, SessionStartInfo.hparams = 1
// from names = 1 to google.protobuf.Value = 2, start_time_secs = 5.
func started(all []watch.Setting, at time.Time) message {
	var info message
	for _, s := range all {
		info = info.bytes(1, message(nil).text(1, s.Key).bytes(2, valueOf(s.Value)))
	}
	info = info.double(5, seconds(at))
	return message(nil).text(1, "_hparams_/session_start_info").bytes(9, plugin("hparams", message(nil).bytes(3, info)))
}

// ended is the Value that tells that a session is over: session_end_info = 4, SessionEndInfo.status = 1 is SUCCESS = 1, end_time_secs = 2.
func ended(at time.Time) message {
	info := message(nil).integer(1, 1).double(2, seconds(at))
	return message(nil).text(1, "_hparams_/session_end_info").bytes(9, plugin("hparams", message(nil).bytes(4, info)))
}

// valueOf is a google.protobuf.Value: number_value = 2, string_value = 3, bool_value = 4.
func valueOf(text string) message {
	if v, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
		return message(nil).double(2, v)
	}
	switch text {
	case "true":
		return message(nil).integer(4, 1)
	case "false":
		return message(nil).integer(4, 0)
	}
	return message(nil).text(3, text)
}
