// This is common to the kernels of attention: for each of Z pairs, queries q [T, D] look at keys k [S, D] and take from values v [S, E].
//
// A workgroup owns OWN rows of one kind, queries or keys, and goes over the others 32 at a time. The owned rows and the others are pairs of
// matrices, A of width D and B of width E: (q, dy) and (k, v), or, where keys are owned, the other way round.
//
// Both products of each 32 go through shared memory, shared out in two ways. Of products of rows with rows, which give scores, each
// invocation makes those of R rows that are owned, 32 apart, with four others, 8 apart. Of sums of rows, weighed by what became of the
// scores, each keeps a few fours. So few fit into registers that several workgroups are at work on each processor, which hides how long
// memory takes, and no array of registers has an index that is known at run time only. Loops with many rounds stay loops.
layout(local_size_x = 256) in;
layout(constant_id = 0) const int Z = 1;
layout(constant_id = 1) const int T = 1;
layout(constant_id = 2) const int S = 1;
layout(constant_id = 3) const int D = 1;
layout(constant_id = 4) const int E = 1;
layout(constant_id = 5) const float SCALE = 1;
layout(constant_id = 6) const bool CAUSAL = false;  // no query looks at later keys
layout(constant_id = 7) const int R = 2;            // 1 or 2
layout(constant_id = 8) const bool DROPS = false;   // shares are dropped
layout(constant_id = 9) const bool KEYS = false;    // keys are owned
layout(constant_id = 10) const float KEEP = 1;      // with what probability shares are kept
layout(constant_id = 31) const int GROUPS = 32768;      // workgroups along x; more go on along y

// Holes: where rows begin, four of their elements (those beyond the end are zero), what is added to a score, the generator's state, and
// which shares are kept at four places of
// [Z, T, S]: 1, or 0.
int rowOwnA(const int z, const int n) { return 0; }
int rowOwnB(const int z, const int n) { return 0; }
int rowOtherA(const int z, const int m) { return 0; }
int rowOtherB(const int z, const int m) { return 0; }
vec4 loadOwnA(const int row, const int d) { return vec4(0); }
vec4 loadOwnB(const int row, const int e) { return vec4(0); }
vec4 loadOtherA(const int row, const int d) { return vec4(0); }
vec4 loadOtherB(const int row, const int e) { return vec4(0); }
float added(const int z, const int t, const int s) { return 0; }
ivec4 state() { return ivec4(0); }
int kept(const int at, const ivec4 state) { return 1; }

const int LANES = 256, OWN = 32 * R, OTHER = 32, STEP = 4;      // STEP fours of rows are staged at once
const int WIDE = STEP + 1, ROW = OTHER / 2 + 1;     // one more: rows that are read at once begin in other banks
const int N = KEYS ? S : T, M = KEYS ? T : S;

// A row of A or B is FA or FB fours, which XA or XB neighbouring invocations keep, each of WA or WB rows.
const int FA = (D + 3) / 4, FB = (E + 3) / 4, LEAST = LANES / OWN;
const int XA = FA <= LEAST ? LEAST : FA <= 8 ? 8 : FA <= 16 ? 16 : 32, WA = OWN * XA / LANES;
const int XB = FB <= LEAST ? LEAST : FB <= 8 ? 8 : FB <= 16 ? 16 : 32, WB = OWN * XB / LANES;

const int ROOM = OWN * STEP + OTHER * WIDE;
shared vec4 stage[ROOM];
shared vec2 shares[OWN * ROW];  // two twos, or cells, side by side are of the others x, x + 8, x + 16 and x + 24

// over and rest divide what is not negative: one instruction each where b is a power of two, and six if a sign mattered.
int over(const int a, const int b) { return int(uint(a) / uint(b)); }
int rest(const int a, const int b) { return int(uint(a) % uint(b)); }

int id, z, n0;          // of this invocation; where what is owned begins
vec4 s[R];              // the products
vec4 acc[WA + WB];      // sums of A, then of B

// An invocation has products of the rows row() + 32·i with the others column() + 8·j. Kept, these two would take registers all along.
int row() { return over(id, 8); }
int column() { return rest(id, 8); }

// begin says what this workgroup owns; false: nothing.
bool begin() {
    id = int(gl_LocalInvocationID.x);
    int down = (N + OWN - 1) / OWN, group = int(gl_WorkGroupID.y) * GROUPS + int(gl_WorkGroupID.x);
    z = over(group, down);
    n0 = rest(group, down) * OWN;
    if (CAUSAL && !KEYS) n0 = (down - 1) * OWN - n0;    // those that look at most come first
    [[unroll]] for (int i = 0; i < WA + WB; i++) acc[i] = vec4(0);
    return down * Z <= GROUPS || z < Z;
}

vec4 own(const bool a, const int begin, const int d) {
    if (a) return D % 16 == 0 || d < D ? loadOwnA(begin, d) : vec4(0);
    return E % 16 == 0 || d < E ? loadOwnB(begin, d) : vec4(0);
}

vec4 other(const bool a, const int begin, const int d) {
    if (a) return D % 16 == 0 || d < D ? loadOtherA(begin, d) : vec4(0);
    return E % 16 == 0 || d < E ? loadOtherB(begin, d) : vec4(0);
}

int rowOther(const bool a, const int m) { return a ? rowOtherA(z, m) : rowOtherB(z, m); }

// plus is s + a·b, term by term.
float plus(const float s, const vec4 a, const vec4 b) { return s + a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w; }

// multiply makes the products s of A or B, of what is owned with the others from m0 on.
void multiply(const bool a, const int m0) {
    int y = over(id, STEP), x = rest(id, STEP), read = min(n0 + y, N - 1);
    int own0 = a ? rowOwnA(z, read) : rowOwnB(z, read), other0 = rowOther(a, min(m0 + y, M - 1));
    [[unroll]] for (int i = 0; i < R; i++) s[i] = vec4(0);
    [[dont_unroll]] for (int d0 = 0; d0 < (a ? D : E); d0 += 4 * STEP) {
        int d = d0 + x * 4;
        if (OWN * STEP == LANES || id < OWN * STEP) stage[id] = own(a, own0, d);
        if (id < OTHER * STEP) stage[OWN * STEP + y * WIDE + x] = other(a, other0, d);
        barrier();
        [[unroll]] for (int k = 0; k < STEP; k++) {
            vec4 q[R];
            [[unroll]] for (int i = 0; i < R; i++) q[i] = stage[(row() + 32 * i) * STEP + k];
            int at = OWN * STEP + column() * WIDE + k;
            vec4 v = stage[at];
            [[unroll]] for (int i = 0; i < R; i++) s[i].x = plus(s[i].x, q[i], v);
            v = stage[at + 8 * WIDE];
            [[unroll]] for (int i = 0; i < R; i++) s[i].y = plus(s[i].y, q[i], v);
            v = stage[at + 16 * WIDE];
            [[unroll]] for (int i = 0; i < R; i++) s[i].z = plus(s[i].z, q[i], v);
            v = stage[at + 24 * WIDE];
            [[unroll]] for (int i = 0; i < R; i++) s[i].w = plus(s[i].w, q[i], v);
        }
        barrier();
    }
}

// weigh adds to the sums of A or B the rows from m0 on, as the shares say. All have written those when they come here.
void weigh(const bool a, const int m0) {
    int fours = a ? FA : FB, across = a ? XA : XB;
    int rows = OTHER * fours <= ROOM ? OTHER : 16 * fours <= ROOM ? 16 : 8;     // so many are staged at once
    int x = min(rest(id, across), fours - 1), y = over(id, across);
    [[dont_unroll]] for (int r0 = 0; r0 < OTHER; r0 += rows) {
        [[unroll]] for (int e0 = 0; e0 < rows * fours; e0 += LANES) {
            int e = e0 + id, r = r0 + over(e, fours), m = m0 + over(r, 4) + rest(r, 4) * 8;
            if (rows * fours % LANES == 0 || e < rows * fours) stage[e] = m < M ? other(a, rowOther(a, m), rest(e, fours) * 4) : vec4(0);
        }
        barrier();
        [[dont_unroll]] for (int r = 0; r < rows; r += 4) {
            [[unroll]] for (int h = 0; h < 2; h++) {
                int at = r * fours + x, pair = y * ROW + over(r0 + r, 2) + h;
                vec4 v0 = stage[at + 2 * h * fours], v1 = stage[at + (2 * h + 1) * fours];
                [[unroll]] for (int w = 0; w < (a ? WA : WB); w++) {
                    int i = (a ? 0 : WA) + w;
                    vec2 p = shares[pair + w * (LANES / across) * ROW];
                    if (DROPS && !a) p = mix(p, vec2(0), lessThan(p, vec2(0)));
                    acc[i] = acc[i] + p.x * v0 + p.y * v1;
                }
            }
        }
        barrier();
    }
}

// Each invocation has the products of rows of the workgroup's own matrix (mine) with rows of the other one (others). The shares that they
// become stand in the array shares, from cell on.
int mine(const int i) { return n0 + row() + 32 * i; }
ivec4 others(const int m0) { return m0 + column() + ivec4(0, 8, 16, 24); }
int cell(const int i) { return (row() + 32 * i) * ROW + column() * 2; }

vec4 share(const int i) { return vec4(shares[cell(i)], shares[cell(i) + 1]); }

void put(const int i, const vec4 v) {
    shares[cell(i)] = v.xy;
    shares[cell(i) + 1] = v.zw;
}

// seen tells which of four others from m0 on and n look at each other. It compares what all of the workgroup have with one number of
// the invocation, which takes fewer registers than the four places.
bvec4 seen(const int n, const int m0) {
    ivec4 at = m0 + ivec4(0, 8, 16, 24);
    bvec4 before = lessThan(ivec4(column()), (CAUSAL && !KEYS ? min(M, n + 1) : M) - at);
    return CAUSAL && KEYS ? equal(ivec4(before) & ivec4(lessThanEqual(n - at, ivec4(column()))), ivec4(1)) : before;
}

float addedTo(const int n, const int m) { return added(z, min(KEYS ? m : n, T - 1), min(KEYS ? n : m, S - 1)); }

// scores returns the scores of n with four others from their products s.
vec4 scores(const int n, const ivec4 m, const vec4 s) {
    return s * SCALE + vec4(addedTo(n, m.x), addedTo(n, m.y), addedTo(n, m.z), addedTo(n, m.w));
}

// dropped tells which of the shares of a row that this invocation has are dropped.
bvec4 dropped(const int i, const int m0, const ivec4 words) {
    int m = m0 + column(), at = KEYS ? (z * T + m) * S + mine(i) : (z * T + mine(i)) * S + m, all = 0;
    [[dont_unroll]] for (int j = 0; j < 4; j++) all |= kept(at + j * (KEYS ? 8 * S : 8), words) << j;
    return equal(all & ivec4(1, 2, 4, 8), ivec4(0));
}
