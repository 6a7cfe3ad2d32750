// matmul_lanes.comp: matrix product for lavapipe. Its lanes, eight or as many as fill the processor's vectors, make a tile of TM rows:
// each lane holds four columns, and the elements of A go round by shuffles with constant lanes, which is one instruction there.
// Operands are loaded four along k, or four along the other axis where they lie so (TA, TB).
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "matmul.glsl"
layout(local_size_x = 8, local_size_x_id = 8) in;
layout(constant_id = 4) const int TM = 16;
layout(constant_id = 5) const int KU = 4;       // k per iteration, a multiple of 4
layout(constant_id = 6) const bool TA = false;
layout(constant_id = 7) const bool TB = false;

vec4 loadA(const int row, const int k) { return vec4(0); }      // k to k + 3 of a row; TA: k of four rows
vec4 loadB(const int column, const int k) { return vec4(0); }   // k of four columns; TB: k to k + 3 of a column

int touch(const int z, const int m, const int n) { return 0; }  // reads where the result of a row goes

const int LANES = int(gl_WorkGroupSize.x), NA = (TM + LANES - 1) / LANES, FOURS = LANES / 4;

void main() {
    int lane = int(gl_LocalInvocationID.x), z, m, n;
    if (!tile(TM, 4 * LANES, z, m, n)) return;
    n += 4 * lane;
    vec4 acc[TM];
    [[unroll]] for (int i = 0; i < TM; i++) acc[i] = vec4(0);
    int row[NA], column[4];
    [[unroll]] for (int h = 0; h < NA; h++) row[h] = rowA(z, m + LANES * h + (TA ? 4 * (lane % FOURS) : lane));
    [[unroll]] for (int j = 0; j < (TB ? 4 : 1); j++) column[j] = columnB(z, n + j);
    int near = 0;   // in a loop, since that is a quarter less machine code to make, and takes no longer
    [[dont_unroll]] for (int i = 0; i < TM; i++) near |= touch(z, m + i, n);
    for (int k0 = 0; k0 < K; k0 += KU) {
        [[unroll]] for (int ku = 0; ku < KU; ku += 4) {
            int k = k0 + ku;
            vec4 a[NA], b[4];
            [[unroll]] for (int h = 0; h < NA; h++) a[h] = loadA(row[h], TA ? k + lane / FOURS : k);
            [[unroll]] for (int j = 0; j < 4; j++) b[j] = TB ? loadB(column[j], k) : loadB(column[0], k + j);
            if (K % 4 != 0) {   // what lies beyond the last k must not count, whatever it is
                [[unroll]] for (int j = 0; j < 4; j++) {
                    [[unroll]] for (int h = 0; h < NA; h++) a[h][j] = (TA ? k + lane / FOURS : k + j) < K ? a[h][j] : 0;
                    [[unroll]] for (int i = 0; i < 4; i++) b[i][j] = (TB ? k + j : k + i) < K ? b[i][j] : 0;
                }
            }
            // All four k of a row together: an accumulator is touched once, and B stays in registers.
            [[unroll]] for (int i = 0; i < TM; i++) {
                vec4 s;
                [[unroll]] for (int kk = 0; kk < 4; kk++)
                    s[kk] = TA ? subgroupShuffle(a[i / LANES][i % 4], kk * FOURS + i / 4 % FOURS) : subgroupShuffle(a[i / LANES][kk], i % LANES);
                if (TB) {
                    acc[i] += s.x * vec4(b[0].x, b[1].x, b[2].x, b[3].x) + s.y * vec4(b[0].y, b[1].y, b[2].y, b[3].y)
                            + s.z * vec4(b[0].z, b[1].z, b[2].z, b[3].z) + s.w * vec4(b[0].w, b[1].w, b[2].w, b[3].w);
                } else {
                    acc[i] += s.x * b[0] + s.y * b[1] + s.z * b[2] + s.w * b[3];
                }
            }
        }
    }
    // These rows are in the cache now, so that the stores do not wait for memory. The driver cannot know that this adds 0.
    m += near & int(gl_WorkGroupID.z);
    if (n >= N) return;
    [[unroll]] for (int i = 0; i < TM; i++) {
        if (M % TM == 0 || m + i < M) result(z, m + i, n, acc[i]);
    }
}
