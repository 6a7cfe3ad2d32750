package script

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// mostElements is the length of the largest list, text or range that one operation makes, and mostBits that of the largest whole number.
const (
	mostElements = 10_000_000
	mostBits     = 1 << 16
)

// boundedOps are the operators whose place functions take, which refuse to make something too large: one such operation could otherwise take
// more memory or time than there is, before anyone can end it. Scripts cannot write the functions' names.
var boundedOps = map[syntax.Token]func(x, y starlark.Value) (starlark.Value, error){syntax.STAR: times, syntax.PERCENT: formatted, syntax.LTLT: shifted}

// assigning has the operators of boundedOps that assign, too.
var assigning = map[syntax.Token]syntax.Token{syntax.STAR_EQ: syntax.STAR, syntax.PERCENT_EQ: syntax.PERCENT, syntax.LTLT_EQ: syntax.LTLT}

// dot is the name of the function that takes the place of x.join, x.format and x.replace. Scripts cannot write it.
const dot = "."

// bound replaces the operators and methods that can make something too large by calls of functions that refuse to.
func bound(file *syntax.File) error {
	var failed error
	call := func(name string, at syntax.Position, args ...syntax.Expr) *syntax.CallExpr {
		return &syntax.CallExpr{Fn: &syntax.Ident{NamePos: at, Name: name}, Lparen: at, Args: args, Rparen: at}
	}
	replace := func(e *syntax.Expr) {
		switch x := (*e).(type) {
		case *syntax.BinaryExpr:
			if boundedOps[x.Op] != nil {
				*e = call(x.Op.String(), x.OpPos, x.X, x.Y)
			}
		case *syntax.DotExpr:
			if boundedMethods[x.Name.Name] != nil {
				*e = call(dot, x.Dot, x.X, &syntax.Literal{Token: syntax.STRING, TokenPos: x.NamePos, Value: x.Name.Name})
			}
		}
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		each(n, replace)
		a, ok := n.(*syntax.AssignStmt)
		if !ok || assigning[a.Op] == 0 {
			return true
		}
		if calls(a.LHS) {
			failed = fmt.Errorf("%s: %s would call the function on its left twice: write it in full, with =", a.OpPos, a.Op)
			return false
		}
		a.Op, a.RHS = syntax.EQ, call(assigning[a.Op].String(), a.OpPos, a.LHS, a.RHS)
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
func times(x, y starlark.Value) (starlark.Value, error) {
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
		if b, ok := y.(starlark.Int); ok && a.BigInt().BitLen()+b.BigInt().BitLen() > mostBits {
			return nil, fmt.Errorf("the product has more than %d bits", mostBits)
		}
	}
	return starlark.Binary(syntax.STAR, x, y)
}

// shifted is the operator <<.
func shifted(x, y starlark.Value) (starlark.Value, error) {
	a, ok := x.(starlark.Int)
	b, ok2 := y.(starlark.Int)
	if by, fits := b.Int64(); ok && ok2 && fits && int64(a.BigInt().BitLen())+by > mostBits {
		return nil, fmt.Errorf("the number has more than %d bits", mostBits)
	}
	return starlark.Binary(syntax.LTLT, x, y)
}

// formatted is the operator %, of numbers and of texts.
func formatted(x, y starlark.Value) (starlark.Value, error) {
	if s, ok := x.(starlark.String); ok {
		if err := short(strings.Count(string(s), "%"), longest(y), len(s)); err != nil {
			return nil, err
		}
	}
	return starlark.Binary(syntax.PERCENT, x, y)
}

// boundedMethods are the methods of texts that can make one that is much longer: whether they may, with the texts that they are given.
var boundedMethods = map[string]func(s string, args starlark.Tuple, longest int) error{
	"join": func(s string, args starlark.Tuple, _ int) error {
		if len(args) == 0 {
			return nil
		}
		list, ok := args[0].(starlark.Iterable)
		if !ok {
			return nil
		}
		n := 0
		for v := range starlark.Elements(list) {
			if n += len(s) + longest(v); n > mostElements {
				return short(1, n, 0)
			}
		}
		return nil
	},
	"format": func(s string, _ starlark.Tuple, longest int) error {
		return short(strings.Count(s, "{"), longest, len(s))
	},
	"replace": func(s string, args starlark.Tuple, longest int) error {
		if len(args) == 0 {
			return nil
		}
		old, _ := starlark.AsString(args[0])
		return short(strings.Count(s, old), longest, len(s))
	},
}

// short returns an error if a text that has a number of others in it, besides some bytes of its own, may be too long.
func short(count, longest, own int) error {
	if longest > 0 && count > (mostElements-own)/longest {
		return fmt.Errorf("the text would have more than %d bytes", mostElements)
	}
	return nil
}

// longest returns the length of a text, or of the longest one in a tuple or dictionary; 0: there is none.
func longest(v starlark.Value) (n int) {
	switch v := v.(type) {
	case starlark.String:
		return len(v)
	case starlark.Tuple:
		for _, x := range v {
			if s, ok := x.(starlark.String); ok {
				n = max(n, len(s))
			}
		}
	case *starlark.Dict:
		for _, x := range v.Items() {
			n = max(n, longest(x))
		}
	}
	return n
}

// bounded returns functions that take the place of Starlark's operators, methods and functions, and refuse to make something too large.
func bounded() starlark.StringDict {
	all := starlark.StringDict{}
	add := func(name string, f func(t *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error)) {
		all[name] = starlark.NewBuiltin(name, func(t *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			return f(t, args, kwargs)
		})
	}
	for op, f := range boundedOps {
		add(op.String(), func(_ *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
			return f(args[0], args[1])
		})
	}
	get := func(t *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		v, err := starlark.Call(t, starlark.Universe["getattr"], args, kwargs)
		if m, ok := v.(*starlark.Builtin); ok && err == nil {
			v = boundedMethod(m)
		}
		return v, err
	}
	add(dot, get)
	add("getattr", get)
	add("range", func(t *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		r, err := starlark.Call(t, starlark.Universe["range"], args, kwargs)
		if n := starlark.Len(r); err == nil && (n < 0 || n > mostElements) { // of more numbers than an int counts, it is below 0
			return nil, fmt.Errorf("a range of more than %d numbers", mostElements)
		}
		return r, err
	})
	add("int", func(t *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if len(args) > 0 && longest(args[0]) > mostBits/4 {
			return nil, fmt.Errorf("a number of more than %d digits", mostBits/4)
		}
		return starlark.Call(t, starlark.Universe["int"], args, kwargs)
	})
	return all
}

// boundedMethod returns the method that takes the place of one of a text.
func boundedMethod(m *starlark.Builtin) *starlark.Builtin {
	s, ok := m.Receiver().(starlark.String)
	may := boundedMethods[m.Name()]
	if !ok || may == nil {
		return m
	}
	return starlark.NewBuiltin(m.Name(), func(t *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		most := longest(args)
		for _, p := range kwargs {
			most = max(most, longest(p[1]))
		}
		if err := may(string(s), args, most); err != nil {
			return nil, err
		}
		return starlark.Call(t, m, args, kwargs)
	})
}
