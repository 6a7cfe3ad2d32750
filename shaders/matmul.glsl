// What all matrix products share: C[z] [M, N] = A[z] [M, K] · B[z] [K, N] for z < Z.
//
// The functions here and the loads of each kernel are holes: their bodies are written when a program is compiled. Where the operands
// lie, in how many axes, and what is made of the result before it is stored is said there alone.
layout(constant_id = 0) const int Z = 1;
layout(constant_id = 1) const int M = 1;
layout(constant_id = 2) const int N = 1;
layout(constant_id = 3) const int K = 1;
layout(constant_id = 31) const int GROUPS = 32768;      // workgroups along x; more go on along y

int rowA(const int z, const int m) { return 0; }        // where row m of A[z] begins
int columnB(const int z, const int n) { return 0; }     // where column n of B[z] begins
void result(const int z, const int m, const int n, const vec4 c) {}    // takes columns n to n + 3 of row m of C[z]

// tile says which tile of tm × tn this workgroup makes; false: none. What goes round quicker is what there is less of: all of it stays
// near, and of the other a part does.
bool tile(const int tm, const int tn, out int z, out int m, out int n) {
    int across = (N + tn - 1) / tn, down = (M + tm - 1) / tm;
    int i = int(gl_WorkGroupID.y) * GROUPS + int(gl_WorkGroupID.x);
    if (M < N) {
        m = i % down * tm;
        n = i / down % across * tn;
    } else {
        n = i % across * tn;
        m = i / across % down * tm;
    }
    z = i / across / down;
    return across * down * Z <= GROUPS || z < Z;     // mostly known when the kernel is made, and then no branch
}
