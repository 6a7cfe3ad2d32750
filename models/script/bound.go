package script

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// multiply is the name of the function that takes the place of the operator *. Scripts cannot write it.
const multiply = "*"

// mostElements is the length of the largest list, text or range that one operation makes.
const mostElements = 10_000_000

// bound replaces each multiplication by a call that refuses to repeat lists and texts too often: one such operation could otherwise take more
// memory than there is, before anyone can end it.
func bound(file *syntax.File) error {
	var failed error
	product := func(x, y syntax.Expr, at syntax.Position) *syntax.CallExpr {
		return &syntax.CallExpr{Fn: &syntax.Ident{NamePos: at, Name: multiply}, Lparen: at, Args: []syntax.Expr{x, y}, Rparen: at}
	}
	replace := func(e *syntax.Expr) {
		if b, ok := (*e).(*syntax.BinaryExpr); ok && b.Op == syntax.STAR {
			*e = product(b.X, b.Y, b.OpPos)
		}
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		each(n, replace)
		a, ok := n.(*syntax.AssignStmt)
		if !ok || a.Op != syntax.STAR_EQ {
			return true
		}
		if calls(a.LHS) {
			failed = fmt.Errorf("%s: *= would call the function on its left twice: write it in full, with =", a.OpPos)
			return false
		}
		a.Op, a.RHS = syntax.EQ, product(a.LHS, a.RHS, a.OpPos)
		return true
	})
	return failed
}

// calls tells whether an expression calls a function.
func calls(e syntax.Expr) bool {
	found := false
	syntax.Walk(e, func(n syntax.Node) bool {
		_, is := n.(*syntax.CallExpr)
		found = found || is
		return !found
	})
	return found
}

// each passes the expressions that a node consists of.
func each(n syntax.Node, f func(*syntax.Expr)) {
	list := func(all []syntax.Expr) {
		for i := range all {
			f(&all[i])
		}
	}
	switch n := n.(type) {
	case *syntax.AssignStmt:
		f(&n.RHS)
		f(&n.LHS)
	case *syntax.ExprStmt:
		f(&n.X)
	case *syntax.IfStmt:
		f(&n.Cond)
	case *syntax.WhileStmt:
		f(&n.Cond)
	case *syntax.ForStmt:
		f(&n.X)
	case *syntax.ReturnStmt:
		if n.Result != nil {
			f(&n.Result)
		}
	case *syntax.DefStmt:
		list(n.Params)
	case *syntax.LambdaExpr:
		list(n.Params)
		f(&n.Body)
	case *syntax.BinaryExpr:
		f(&n.X)
		f(&n.Y)
	case *syntax.UnaryExpr:
		if n.X != nil {
			f(&n.X)
		}
	case *syntax.ParenExpr:
		f(&n.X)
	case *syntax.CondExpr:
		f(&n.Cond)
		f(&n.True)
		f(&n.False)
	case *syntax.CallExpr:
		f(&n.Fn)
		list(n.Args)
	case *syntax.DotExpr:
		f(&n.X)
	case *syntax.IndexExpr:
		f(&n.X)
		f(&n.Y)
	case *syntax.SliceExpr:
		f(&n.X)
		for _, e := range []*syntax.Expr{&n.Lo, &n.Hi, &n.Step} {
			if *e != nil {
				f(e)
			}
		}
	case *syntax.ListExpr:
		list(n.List)
	case *syntax.TupleExpr:
		list(n.List)
	case *syntax.DictEntry:
		f(&n.Key)
		f(&n.Value)
	case *syntax.Comprehension:
		f(&n.Body)
	case *syntax.ForClause:
		f(&n.X)
	case *syntax.IfClause:
		f(&n.Cond)
	}
}

// times is the operator *.
func times(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	x, y := args[0], args[1]
	for _, p := range [2][2]starlark.Value{{x, y}, {y, x}} {
		n, ok := p[1].(starlark.Int)
		length := starlark.Len(p[0])
		if !ok || length < 1 {
			continue
		}
		if _, latent := p[0].(Latent); latent {
			continue
		}
		if k, fits := n.Int64(); !fits && n.Sign() > 0 || k > mostElements/int64(length) {
			return nil, fmt.Errorf("%d elements, %s times, are more than the %d that a list or text may have", length, n, mostElements)
		}
	}
	if a, ok := x.(starlark.Int); ok {
		if b, ok := y.(starlark.Int); ok && a.BigInt().BitLen()+b.BigInt().BitLen() > 1<<16 {
			return nil, fmt.Errorf("the product has more than %d bits", 1<<16)
		}
	}
	return starlark.Binary(syntax.STAR, x, y)
}

// shortRange is range, up to a length.
func shortRange(t *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	r, err := starlark.Call(t, starlark.Universe["range"], args, kwargs)
	if err == nil && starlark.Len(r) > mostElements {
		return nil, fmt.Errorf("a range of %d numbers: %d are allowed", starlark.Len(r), mostElements)
	}
	return r, err
}
