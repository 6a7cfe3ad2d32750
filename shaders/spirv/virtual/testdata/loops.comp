#version 450
#extension GL_EXT_control_flow_attributes : require
// Loops that say whether they are to be written out, and one in a function that a loop calls. To compile it:
// glslc -O0 --target-env=vulkan1.1 -o loops.spv loops.comp
layout(local_size_x = 64) in;
layout(constant_id = 0) const int WHICH = 0;
layout(binding = 0) readonly buffer X { float x[]; };
layout(binding = 1) writeonly buffer Y { float y[]; };

float inner(float s) {
    for (int j = 0; j < 50; j++) s += x[gl_LocalInvocationIndex];
    return s;
}

void main() {
    float s = 0;
    if (WHICH == 0) {
        for (int i = 0; i < 40; i++) s = inner(s);
    } else if (WHICH == 1) {
        [[unroll]] for (int i = 0; i < 100; i++) s += x[gl_LocalInvocationIndex];
    } else {
        [[dont_unroll]] for (int i = 0; i < 4; i++) s += x[gl_LocalInvocationIndex];
    }
    y[gl_LocalInvocationIndex] = s;
}
