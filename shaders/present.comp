// present.comp: pixels of a window from a picture [C, H, W] of values from 0 to 1, of one or three colours: scaled to a part of the window,
// with black around it. An invocation makes a pixel of four bytes. Values that are no numbers are black.
//
// Scaled up without SMOOTH, each pixel has the value of the nearest of the picture. With it, the 4 × 4 values around it are weighted by
// Catmull and Rom's cubic (1974), which goes through the picture's own values; the picture's edge goes on beyond it.
#version 450
layout(local_size_x = 32, local_size_y = 4) in;
layout(constant_id = 0) const int C = 1;
layout(constant_id = 1) const int H = 1;
layout(constant_id = 2) const int W = 1;
layout(constant_id = 3) const bool SMOOTH = false;
layout(constant_id = 4) const bool BLUE_FIRST = false; // of a pixel's bytes
layout(constant_id = 5) const bool TEXELS = false;     // the picture is read as texels, which is fast on lavapipe; else one texel is bound
layout(binding = 0) readonly buffer Picture { float picture[]; };
layout(binding = 1, r32f) readonly uniform imageBuffer texels; // the picture again
layout(binding = 2) readonly buffer Place {            // no constants, so that a window of another size needs no other kernel
    int height, width;                                 // of the window
    int top, left, rows, columns;                      // of the part with the picture
    float tall, wide;                                  // values of the picture in a pixel of the window, down and across
};
layout(binding = 3) writeonly buffer Pixels { uint pixels[]; };

float value(const int at) { return TEXELS ? imageLoad(texels, at).x : picture[at]; }

// cubic returns the weights of the values at −1, 0, 1 and 2 for a point at t, which is from 0 to 1.
vec4 cubic(const float t) {
    return vec4(((-0.5 * t + 1.0) * t - 0.5) * t, (1.5 * t - 2.5) * t * t + 1.0, ((-1.5 * t + 2.0) * t + 0.5) * t, (0.5 * t - 0.5) * t * t);
}

float along(const ivec4 at, const vec4 weights) {
    return dot(weights, vec4(value(at.x), value(at.y), value(at.z), value(at.w)));
}

float smoothed(const int colour, const float y, const float x) {
    const int y0 = int(floor(y)), x0 = int(floor(x));
    const vec4 wy = cubic(y - float(y0)), wx = cubic(x - float(x0));
    const ivec4 at = clamp(ivec4(x0 - 1, x0, x0 + 1, x0 + 2), ivec4(0), ivec4(W - 1));
    const ivec4 line = (colour * H + clamp(ivec4(y0 - 1, y0, y0 + 1, y0 + 2), ivec4(0), ivec4(H - 1))) * W;
    return dot(wy, vec4(along(line.x + at, wx), along(line.y + at, wx), along(line.z + at, wx), along(line.w + at, wx)));
}

uint level(const float v) { return v > 0.0 ? uint(min(v, 1.0) * 255.0 + 0.5) : 0u; }

// colourAt returns a colour at a point of the picture, in values from its upper left corner.
uint colourAt(const int colour, const float y, const float x) {
    if (SMOOTH) return level(smoothed(colour, y - 0.5, x - 0.5));
    return level(value((colour * H + min(int(y), H - 1)) * W + min(int(x), W - 1)));
}

void main() {
    // All that is the same for all invocations is read first: lavapipe reads it once for many of them as long as there was no branch.
    const int h = height, w = width, up = top, side = left, down = rows, across = columns;
    const float dy = tall, dx = wide;
    const int row = int(gl_GlobalInvocationID.y), column = int(gl_GlobalInvocationID.x), y = row - up, x = column - side;
    uint pixel = 0xff000000u;
    if (y >= 0 && y < down && x >= 0 && x < across) {
        const float yy = (float(y) + 0.5) * dy, xx = (float(x) + 0.5) * dx;
        const uint first = colourAt(0, yy, xx);
        const uint second = C == 1 ? first : colourAt(1, yy, xx), third = C == 1 ? first : colourAt(2, yy, xx);
        pixel |= BLUE_FIRST ? first << 16 | second << 8 | third : third << 16 | second << 8 | first;
    }
    if (row < h && column < w) pixels[row * w + column] = pixel;
}
