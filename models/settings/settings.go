// Package settings reads the settings of a run from YAML and from the command line, and rejects everything that does not fit: unknown keys,
// fractions for whole numbers, infinities, numbers that a variable cannot hold.
//
// The one idea: settings are a struct of structs whose leaves are numbers, booleans and texts. A value is parsed for its leaf's type and
// never converted to fit it. This uses only YAML mappings of plain values, whose cost is known before they are parsed: a YAML library that
// decodes into any type rounds 2.7 to 2 for an int, and takes gigabytes for a few thousand brackets.
//
// Tags of a field say all that is known of a setting, once:
//
//	Z int `yaml:"z" doc:"dimensions of the latent space" range:"[1,1024]"`
//
// yaml is its key (with ",omitempty" a zero is not written, with ",inline" an embedded struct's keys stand among its own), doc what it
// means, range the interval of a number, oneof the words that a text may be, separated by commas, large:"yes" marks a number that makes a
// model larger, and found:"yes" what a run finds out by itself. [Check] holds values to them, and [List] tells them.
package settings

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
)

const (
	maxBytes  = 512 << 10 // room for the vocabulary of any text; splitting needs up to 250 times as much memory
	maxTokens = 5000      // parsing nested brackets takes quadratic time; settings have some hundred tokens
)

// ReadFile returns the contents of a settings file. A file that is too long, or not a regular file, is an error.
func ReadFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // reading a pipe would block
		return nil, fmt.Errorf("%s is no file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err == nil && len(p) > maxBytes {
		err = fmt.Errorf("%s: it is longer than %d bytes, which no settings are", path, maxBytes)
	}
	return p, err
}

// Decode reads YAML into dst, a pointer to a struct. The error is about the first value that does not fit, with its line; dst may then be
// partly changed.
func Decode(p []byte, dst any) error {
	d, err := Parse(p)
	if err == nil {
		err = d.Take(dst)
	}
	if err == nil {
		err = d.Rest()
	}
	return err
}

// A Document is YAML from which several readers take their settings.
type Document struct {
	pairs  []*ast.MappingValueNode
	known  []string        // keys of the readers so far
	passed map[string]bool // keys to ignore if no reader takes them
}

// Pass makes later calls of Take ignore keys whose values do not fit.
func (d *Document) Pass(keys ...string) {
	if d.passed == nil {
		d.passed = map[string]bool{}
	}
	for _, k := range keys {
		d.passed[k] = true
	}
}

// Parse reads YAML.
func Parse(p []byte) (*Document, error) {
	if len(p) > maxBytes {
		return nil, fmt.Errorf("it is longer than %d bytes, which no settings are", maxBytes)
	}
	if n := len(lexer.Tokenize(string(p))); n > maxTokens {
		return nil, fmt.Errorf("it has %d parts, which no settings have", n)
	}
	file, err := parser.ParseBytes(p, 0)
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return nil, errors.New(brief(strings.TrimSpace(first)))
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, errors.New("it has no settings")
	}
	all, err := pairsOf(file.Docs[0].Body, "")
	return &Document{pairs: all}, err
}

// Take reads the settings whose keys dst, a pointer to a struct, has at its top level, and removes them from the document. Fields that the
// document omits keep their values.
func (d *Document) Take(dst any) error {
	v := reflect.ValueOf(dst).Elem()
	var rest []*ast.MappingValueNode
	for _, pair := range d.pairs {
		if _, ok := find(v, keyOf(pair)); !ok {
			rest = append(rest, pair)
		} else if err := d.decode([]*ast.MappingValueNode{pair}, v, ""); err != nil {
			return err
		}
	}
	d.known = append(d.known, Keys(v.Interface(), "")...)
	d.pairs = rest
	return nil
}

// Rest returns an error that names the first setting that no reader has taken.
func (d *Document) Rest() error {
	if len(d.pairs) == 0 {
		return nil
	}
	return fmt.Errorf("line %d: %w", line(d.pairs[0]), unknown(keyOf(d.pairs[0]), d.known))
}

// pairsOf returns the entries of a mapping; the prefix is for error messages.
func pairsOf(node ast.Node, prefix string) ([]*ast.MappingValueNode, error) {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values, nil
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, nil
	case *ast.NullNode:
		return nil, nil
	}
	return nil, fmt.Errorf("line %d: %s has to be settings, each as key: value", line(node), cmp.Or(brief(strings.TrimSuffix(prefix, ".")), "it"))
}

func keyOf(pair *ast.MappingValueNode) string {
	if quoted, ok := pair.Key.(*ast.StringNode); ok {
		return quoted.Value
	}
	return pair.Key.String()
}

// decode reads settings into a struct whose keys have a prefix.
func (d *Document) decode(pairs []*ast.MappingValueNode, dst reflect.Value, prefix string) error {
	for _, pair := range pairs {
		own := keyOf(pair)
		key := prefix + own
		field, ok := find(dst, own)
		if !ok && d.passed[key] {
			continue
		}
		if !ok {
			return fmt.Errorf("line %d: %w", line(pair), unknown(key, Keys(dst.Interface(), prefix)))
		}
		var err error
		if field.Kind() == reflect.Struct {
			var inside []*ast.MappingValueNode
			if inside, err = pairsOf(pair.Value, key+"."); err == nil {
				err = d.decode(inside, field, key+".")
			}
		} else if err = decodeValue(pair.Value, field, key); err != nil {
			err = fmt.Errorf("line %d: %w", line(pair), err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func line(n ast.Node) int { return n.GetToken().Position.Line }

// find returns the field of a struct with a key in its yaml tag.
func find(of reflect.Value, key string) (reflect.Value, bool) {
	for i := range of.NumField() {
		f := of.Type().Field(i)
		if inline(f) {
			if v, ok := find(of.Field(i), key); ok {
				return v, true
			}
		} else if f.IsExported() && f.Tag.Get("yaml") != "-" && name(f) == key {
			return of.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// inline tells whether a field is an embedded struct whose keys belong to the struct around it.
func inline(f reflect.StructField) bool { return strings.HasSuffix(f.Tag.Get("yaml"), ",inline") }

func name(f reflect.StructField) string {
	tag, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return cmp.Or(tag, strings.ToLower(f.Name))
}

// decodeValue parses a plain value of YAML.
func decodeValue(node ast.Node, field reflect.Value, key string) error {
	switch n := node.(type) {
	case *ast.NullNode:
		return assign(field, key, "")
	case *ast.StringNode:
		return assign(field, key, n.Value)
	case *ast.LiteralNode:
		return assign(field, key, n.Value.Value)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return assign(field, key, n.GetToken().Value)
	}
	return fmt.Errorf("%s takes %s, not a %s", brief(key), wanted(field, ""), strings.ToLower(node.Type().String()))
}

// Set changes the setting with a dotted key, such as model.z, to a value in the form in which a user types it. structs are pointers to
// structs; the first that has the key is changed.
func Set(key, value string, structs ...any) error {
	var known []string
	for _, s := range structs {
		of := reflect.ValueOf(s).Elem()
		v, ok := follow(of, key)
		if !ok {
			known = append(known, Keys(of.Interface(), "")...)
			continue
		}
		if v.Kind() == reflect.Struct {
			return fmt.Errorf("%s is a group of settings: give one of %s", key, strings.Join(Keys(v.Interface(), key+"."), ", "))
		}
		return assign(v, key, value)
	}
	return unknown(key, known)
}

// follow returns the field for a dotted key.
func follow(v reflect.Value, key string) (reflect.Value, bool) {
	for part := range strings.SplitSeq(key, ".") {
		ok := v.Kind() == reflect.Struct
		if ok {
			v, ok = find(v, part)
		}
		if !ok {
			return v, false
		}
	}
	return v, true
}

// Keys lists the keys of the settings of a struct, or pointer to one, in order, each with a prefix.
func Keys(of any, prefix string) []string {
	var all []string
	walk(reflect.Indirect(reflect.ValueOf(of)), prefix, func(key string, _ reflect.StructField, _ reflect.Value) { all = append(all, key) })
	return all
}

// walk visits the leaves of a struct in order. prefix is put before their keys.
func walk(of reflect.Value, prefix string, visit func(key string, f reflect.StructField, v reflect.Value)) {
	for i := range of.NumField() {
		switch f := of.Type().Field(i); {
		case inline(f):
			walk(of.Field(i), prefix, visit)
		case !f.IsExported(), f.Tag.Get("yaml") == "-":
		case f.Type.Kind() == reflect.Struct:
			walk(of.Field(i), prefix+name(f)+".", visit)
		default:
			visit(prefix+name(f), f, of.Field(i))
		}
	}
}

// unknown returns the error of an unknown key.
func unknown(key string, keys []string) error {
	if near := nearestKey(key, keys); near != "" {
		return fmt.Errorf("there is no setting %s; did you mean %s?", brief(key), near)
	}
	return fmt.Errorf("there is no setting %s; there are %s", brief(key), strings.Join(keys, ", "))
}

// brief makes a short line of a text from a file, for a message.
func brief(text string) string {
	const most = 100
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// assign parses a value into a leaf. The error says which values fit.
func assign(field reflect.Value, key, text string) error {
	if u, ok := field.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			return fmt.Errorf("%s cannot be %q: %w", key, brief(text), err)
		}
		return nil
	}
	ok := true
	switch field.Kind() {
	case reflect.Int, reflect.Int64, reflect.Int32:
		var n int64
		if n, ok = whole(text, field.Type().Bits(), strconv.ParseInt); ok {
			field.SetInt(n)
		}
	case reflect.Uint, reflect.Uint64, reflect.Uint32:
		var n uint64
		if n, ok = whole(text, field.Type().Bits(), strconv.ParseUint); ok {
			field.SetUint(n)
		}
	case reflect.Float64, reflect.Float32:
		var f float64
		if f, ok = number(text); ok {
			field.SetFloat(f)
		}
	case reflect.Bool:
		if ok = strings.EqualFold(text, "true") || strings.EqualFold(text, "false"); ok {
			field.SetBool(strings.EqualFold(text, "true"))
		}
	case reflect.String:
		field.SetString(text)
	default:
		return fmt.Errorf("%s cannot be set", key)
	}
	if !ok {
		return fmt.Errorf("%s takes %s, not %s", key, wanted(field, text), cmp.Or(brief(text), "nothing"))
	}
	return nil
}

// whole parses a whole number, such as 1e3 or 2000.0. It rejects a leading zero, which some would read as octal.
func whole[N int64 | uint64](text string, bits int, parse func(string, int, int) (N, error)) (N, bool) {
	if digits := strings.TrimLeft(text, "+-"); len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' {
		return 0, false
	}
	if n, err := parse(strings.TrimPrefix(text, "+"), 0, bits); err == nil {
		return n, true
	}
	const exact = 1 << 53 // float64 holds every whole number up to here
	f, ok := number(text)
	if !ok || f != math.Trunc(f) || math.Abs(f) > exact {
		return 0, false
	}
	n, err := parse(strconv.FormatFloat(f, 'f', 0, 64), 10, bits)
	return n, err == nil
}

// number parses a finite number that fits an f32 on a device.
func number(text string) (float64, bool) {
	digits := strings.TrimLeft(text, "+-.")
	if digits == "" || digits[0] < '0' || digits[0] > '9' {
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil && math.Abs(f) <= math.MaxFloat32
}

// wanted says which values fit a leaf that a text does not fit. It names the bounds of whole numbers unless the text is a fraction.
func wanted(field reflect.Value, text string) string {
	bits := field.Type().Bits
	if f, ok := number(text); ok && f != math.Trunc(f) && (field.CanInt() || field.CanUint()) {
		return "a whole number"
	}
	switch field.Kind() {
	case reflect.Int, reflect.Int64, reflect.Int32:
		return fmt.Sprintf("a whole number from %d to %d", int64(-1)<<(bits()-1), int64(1)<<(bits()-1)-1)
	case reflect.Uint, reflect.Uint64, reflect.Uint32:
		return fmt.Sprintf("a whole number from 0 to %d", ^uint64(0)>>(64-bits()))
	case reflect.Float64, reflect.Float32:
		return "a number up to 3.4e38"
	case reflect.Bool:
		return "true or false"
	}
	return "a text"
}
