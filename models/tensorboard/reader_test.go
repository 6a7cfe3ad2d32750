package tensorboard_test

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// schema are the messages of TensorBoard that a reader needs, each with its fields, by which the protobuf library reads: independently of how
// the package writes them. A field is its name, its number, and its type; [] before it makes a list.
var schema = map[string]string{
	"Event":            "wall_time 1 double, step 2 int64, file_version 3 string, summary 5 Summary, session_log 7 SessionLog",
	"SessionLog":       "status 1 int32",
	"Summary":          "value 1 []Value",
	"Value":            "tag 1 string, simple_value 2 float, image 4 Image, histo 5 Histogram, tensor 8 Tensor, metadata 9 Metadata",
	"Image":            "height 1 int32, width 2 int32, colorspace 3 int32, encoded_image_string 4 bytes",
	"Histogram":        "min 1 double, max 2 double, num 3 double, sum 4 double, sum_squares 5 double, bucket_limit 6 []double, bucket 7 []double",
	"Tensor":           "dtype 1 int32, tensor_shape 2 Shape, string_val 8 []bytes",
	"Shape":            "dim 2 []Dim",
	"Dim":              "size 1 int64",
	"Metadata":         "plugin_data 1 PluginData",
	"PluginData":       "plugin_name 1 string, content 2 bytes",
	"HParams":          "version 1 int32, session_start_info 3 SessionStartInfo, session_end_info 4 SessionEndInfo",
	"SessionStartInfo": "hparams 1 []Entry, start_time_secs 5 double",
	"Entry":            "key 1 string, value 2 Setting",
	"Setting":          "number_value 2 double, string_value 3 string, bool_value 4 bool",
	"SessionEndInfo":   "status 1 int32, end_time_secs 2 double",
}

// messages returns the descriptors of the schema.
func messages() (protoreflect.MessageDescriptors, error) {
	file := &descriptorpb.FileDescriptorProto{Name: proto.String("events.proto"), Syntax: proto.String("proto2")}
	for name, fields := range schema {
		m := &descriptorpb.DescriptorProto{Name: proto.String(name)}
		for field := range strings.SplitSeq(fields, ", ") {
			part := strings.Fields(field)
			number, err := strconv.Atoi(part[1])
			if err != nil {
				return nil, err
			}
			kind, list := strings.CutPrefix(part[2], "[]")
			f := &descriptorpb.FieldDescriptorProto{Name: &part[0], Number: proto.Int32(int32(number)), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()}
			if list {
				f.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
			}
			if _, ours := schema[kind]; ours {
				f.Type, f.TypeName = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(), proto.String("."+kind)
			} else {
				f.Type = descriptorpb.FieldDescriptorProto_Type(descriptorpb.FieldDescriptorProto_Type_value["TYPE_"+strings.ToUpper(kind)]).Enum()
			}
			m.Field = append(m.Field, f)
		}
		file.MessageType = append(file.MessageType, m)
	}
	d, err := protodesc.NewFile(file, nil)
	if err != nil {
		return nil, err
	}
	return d.Messages(), nil
}

// A msg is a message that was read.
type msg struct{ protoreflect.Message }

// parse reads a message. Fields that the schema does not have are an error.
func parse(name string, p []byte) (msg, error) {
	all, err := messages()
	if err != nil {
		return msg{}, err
	}
	m := dynamicpb.NewMessage(all.ByName(protoreflect.Name(name)))
	if err := proto.Unmarshal(p, m); err != nil {
		return msg{}, err
	}
	return msg{m}, known(m)
}

// known returns an error if a message or one in it has unknown fields.
func known(m protoreflect.Message) (err error) {
	if u := m.GetUnknown(); len(u) > 0 {
		return fmt.Errorf("%s has unknown fields %x", m.Descriptor().Name(), u)
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil:
		case f.IsList():
			for i := range v.List().Len() {
				if err == nil {
					err = known(v.List().Get(i).Message())
				}
			}
		default:
			err = known(v.Message())
		}
		return err == nil
	})
	return err
}

func (m msg) field(name string) protoreflect.FieldDescriptor {
	return m.Descriptor().Fields().ByName(protoreflect.Name(name))
}

func (m msg) has(name string) bool               { return m.Has(m.field(name)) }
func (m msg) get(name string) protoreflect.Value { return m.Get(m.field(name)) }
func (m msg) in(name string) msg                 { return msg{m.get(name).Message()} }

func (m msg) list(name string) (all []protoreflect.Value) {
	for i := range m.get(name).List().Len() {
		all = append(all, m.get(name).List().Get(i))
	}
	return all
}

// readEvents reads the events of a file, and holds each to its checksums. A record that is not whole is an error.
func readEvents(path string) (all []msg, err error) {
	p, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	sound := func(data, sum []byte) bool { // the sum was turned right by 15 bits, and a constant was added
		c := binary.LittleEndian.Uint32(sum) - 0xa282ead8
		return c<<15|c>>17 == crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	}
	for len(p) > 0 {
		if len(p) < 16 || !sound(p[:8], p[8:12]) {
			return nil, fmt.Errorf("record %d begins with %x", len(all), p[:min(len(p), 12)])
		}
		n := int(binary.LittleEndian.Uint64(p))
		if len(p) < 16+n || !sound(p[12:12+n], p[12+n:16+n]) {
			return nil, fmt.Errorf("record %d of %d bytes is damaged", len(all), n)
		}
		m, err := parse("Event", p[12:12+n])
		if err != nil {
			return nil, err
		}
		all, p = append(all, m), p[16+n:]
	}
	return all, nil
}
