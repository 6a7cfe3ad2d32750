// Package watermark writes an identifier of 32 bits into pictures, where nobody sees it, and finds it again in copies.
//
//	marked := watermark.NewEmbedder(watermark.ID("letters")).Embed(img)
//	found, ok := watermark.Detect(copied)
//
// The one idea: an identifier, protected by a code, is spread over the waves of a picture that have 10 to 48 half periods over it, in both
// directions. A picture that is scaled keeps them, so that no scale is searched. Each of 320 coded bits moves a weighted sum of such
// coefficients of the grey levels to the nearest point of one of two lattices, which are shifted differently for each bit: spread-transform
// dither modulation (Chen and Wornell 2001, "Quantization index modulation"), over the spectrum of the whole picture, as Cox et al. 1997
// ("Secure spread spectrum watermarking for multimedia") take it. The picture itself does not disturb such a mark, as it does one that is
// added. The detector undoes the softness that scaling leaves, and looks for edges of up to 4 pixels that were cut off.
//
// Pictures of 128 pixels and more in both directions hold a mark. It survives JPEG of quality 85, scaling to 75 %, and both, whatever the
// picture shows, and the palette of a GIF. From about 160 pixels on it mostly survives that edges are cut off, but not in noise, and not
// always in pictures with strong contrasts at their edges, as sheets have. It costs a difference of the grey levels of 1.5 to 2.1 (root mean
// square; a PSNR of 42 to 45 dB), and from 256 pixels on of 0.9 to 1.3 (46 to 49 dB). Turning, mirroring or cutting out a part removes it,
// and who knows this program can remove or forge it: it labels, and proves nothing.
//
// That a picture without a mark is taken for one with a mark has a chance below 10⁻⁹, by a bound that holds for all pictures; see [Detect].
//
// Rejected: adding a pseudo-random pattern, because pictures of digits are many times as strong in any band of frequencies; blocks of 8×8
// pixels or wavelets, for which scaling must be undone first.
package watermark
