package film

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
)

// A Source says how pictures came to be, in the words of IPTC's digital source types (http://cv.iptc.org/newscodes/digitalsourcetype/).
// Programs and sites that label pictures of models look for it.
type Source string

// Sources of what genview draws.
const (
	Trained   Source = "trainedAlgorithmicMedia"              // a model made it that was trained on samples
	Composite Source = "compositeWithTrainedAlgorithmicMedia" // such pictures beside others, as originals beside reconstructions
	Data      Source = "dataDrivenMedia"                      // it shows data, as maps of attention do
)

// sourceTypes is the address of IPTC's list of source types.
const sourceTypes = "http://cv.iptc.org/newscodes/digitalsourcetype/"

// sourceKey is the key of the note that a source becomes.
const sourceKey = "DigitalSourceType"

func (s Source) note() Note { return Note{sourceKey, sourceTypes + string(s)} }

// described says the same for people.
func (s Source) described() string {
	switch s {
	case Trained:
		return "Made by a trained model"
	case Composite:
		return "Made in part by a trained model"
	}
	return "Drawn from data of a model"
}

// Where formats keep an XMP packet.
const (
	pngXMP    = "XML:com.adobe.xmp"                // keyword of a chunk iTXt
	pngRawXMP = "Raw profile type xmp"             // keyword of a chunk that ImageMagick writes
	gifXMP    = "XMP DataXMP"                      // an application extension
	jpegXMP   = "http://ns.adobe.com/xap/1.0/\x00" // beginning of a segment APP1
)

// XML namespaces.
const (
	nsRDF   = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	nsXMP   = "http://ns.adobe.com/xap/1.0/"
	nsDC    = "http://purl.org/dc/elements/1.1/"
	nsIPTC  = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
	nsNotes = "urn:genview:notes"
)

// xmp returns what is known about a film as an XMP packet (ISO 16684-1), for programs that do not know a format's own texts, and for copies
// in other formats; nil: nothing is known. It has no date, so that equal films give equal bytes.
func (f Film) xmp() []byte {
	if len(f.About) == 0 && f.Source == "" {
		return nil
	}
	var b bytes.Buffer
	text := func(s string) { _ = xml.EscapeText(&b, []byte(s)) } // a buffer takes all
	b.WriteString(`<?xpacket begin="` + "\ufeff" + `" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="` + nsRDF +
		`"><rdf:Description rdf:about="" xmlns:xmp="` + nsXMP + `" xmlns:dc="` + nsDC + `" xmlns:Iptc4xmpExt="` + nsIPTC + `" xmlns:genview="` + nsNotes + `">`)
	if i := slices.IndexFunc(f.About, func(n Note) bool { return n.Key == "Software" }); i >= 0 {
		b.WriteString("<xmp:CreatorTool>")
		text(f.About[i].Value)
		b.WriteString("</xmp:CreatorTool>")
	}
	if f.Source != "" {
		b.WriteString("<Iptc4xmpExt:DigitalSourceType>")
		text(f.Source.note().Value)
		b.WriteString(`</Iptc4xmpExt:DigitalSourceType><dc:description><rdf:Alt><rdf:li xml:lang="x-default">`)
		text(f.described())
		b.WriteString("</rdf:li></rdf:Alt></dc:description>")
	}
	b.WriteString("<genview:notes><rdf:Seq>")
	for _, n := range f.About {
		b.WriteString("<rdf:li>")
		text(n.Key + ": " + n.Value)
		b.WriteString("</rdf:li>")
	}
	b.WriteString(`</rdf:Seq></genview:notes></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>`)
	return b.Bytes()
}

// described returns a sentence for people: how the pictures came to be, and of which run and step.
func (f Film) described() string {
	said := []string{f.Source.described()}
	for _, n := range f.About {
		if n.Key == "Run" || n.Key == "Step" {
			said = append(said, strings.ToLower(n.Key)+" "+n.Value)
		}
	}
	return strings.Join(said, ", ")
}

// xmpKeys are the keys of notes that properties of XMP become.
var xmpKeys = map[xml.Name]string{
	{Space: nsXMP, Local: "CreatorTool"}:        "Software",
	{Space: nsXMP, Local: "CreateDate"}:         "Creation Time", // as PNG calls it
	{Space: nsIPTC, Local: "DigitalSourceType"}: sourceKey,
	{Space: nsDC, Local: "description"}:         "Description",
}

// fromXMP returns the notes of an XMP packet of whatever program: genview's own, and the properties of xmpKeys. Some programs write simple
// properties as attributes. Of a packet that is no XML it returns nothing.
func fromXMP(packet []byte) []Note {
	var own, others []Note
	d := xml.NewDecoder(bytes.NewReader(packet))
	key := "" // of the property that the decoder is in
	add := func(key, text string) {
		switch {
		case strings.TrimSpace(text) == "": // between elements
		case key == nsNotes:
			own = append(own, noteOf(text))
		default:
			others = append(others, Note{key, text})
		}
	}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil
		}
		switch t := token.(type) {
		case xml.StartElement:
			for _, a := range t.Attr {
				if k, ok := xmpKeys[a.Name]; ok {
					add(k, a.Value)
				}
			}
			if k, ok := xmpKeys[t.Name]; ok {
				key = k
			} else if t.Name.Space == nsNotes {
				key = nsNotes
			}
		case xml.CharData:
			if key != "" {
				add(key, string(t))
			}
		case xml.EndElement:
			if xmpKeys[t.Name] != "" || t.Name.Space == nsNotes {
				key = ""
			}
		}
	}
	return with(own, others)
}

// with returns notes with those of more that are not among them.
func with(about, more []Note) []Note {
	for _, n := range more {
		if !slices.Contains(about, n) {
			about = append(about, n)
		}
	}
	return about
}
