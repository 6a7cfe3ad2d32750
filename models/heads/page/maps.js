'use strict'
// Attention maps of a text in an element of a page: all of them small, and one large, as a map with tokens on both axes or as lines between two
// columns of tokens. A page makes one Maps, puts its box somewhere, and gives it one view after the other to show.

const Maps = (() => {
  const dark = matchMedia('(prefers-color-scheme: dark)')

  // element makes an element with some properties; texts are never read as markup.
  const element = (name, properties = {}, ...children) => {
    const e = Object.assign(document.createElement(name), properties)
    e.append(...children)
    return e
  }

  // numbers returns the weights of a layer: shares of its scale in 16 bits, of which the last stands for what is no number.
  function numbers(layer) {
    const bytes = Uint8Array.from(atob(layer.weights), c => c.charCodeAt(0))
    const view = new DataView(bytes.buffer), none = 0xffff
    return Float32Array.from({ length: bytes.length / 2 }, (_, i) => {
      const v = view.getUint16(2 * i, true)
      return v === none ? NaN : v / (none - 1) * layer.scale
    })
  }

  // mapsOf returns all maps of a view, layer by layer: of heads, and after them of what several heads do together.
  const mapsOf = data => data.maps.flatMap((layer, l) => {
    const all = numbers(layer), n = layer.rows.length * layer.columns.length
    return [...Array(layer.heads).keys(), ...layer.reduced].map((what, k) => {
      const values = all.subarray(k * n, (k + 1) * n)
      return { layer, l, k, values, head: k < layer.heads, label: k < layer.heads ? 'head ' + (what + 1) : what, most: values.reduce((a, b) => Math.max(a, b || 0), 1e-9) }
    })
  })

  // shown writes characters that one does not see as signs.
  const signs = { ' ': '␣', '\n': '⏎', '\t': '⇥' }
  const shown = token => [...token].map(c => signs[c] || (c < ' ' ? '\\x' + c.charCodeAt(0).toString(16).padStart(2, '0') : c)).join('')
  const short = token => [...shown(token)].length > 1 ? '►' : shown(token)
  const longest = tokens => tokens.reduce((most, t) => Math.max(most, [...shown(t)].length), 0)

  // colour returns the colour of a share of the scale.
  function colour(share) {
    const stops = dark.matches ? [[30, 32, 38], [29, 78, 90], [91, 200, 175], [246, 255, 216]] : [[241, 243, 246], [150, 190, 225], [50, 120, 190], [8, 48, 98]]
    const x = Math.min(Math.max(share || 0, 0), 1) ** 0.7 * (stops.length - 1), i = Math.min(Math.floor(x), stops.length - 2), t = x - i
    return stops[i].map((v, c) => Math.round(v * (1 - t) + stops[i + 1][c] * t))
  }

  const font = size => size + 'px ui-monospace, monospace'
  const lineHeight = 20

  // sized makes a canvas sharp on screens with small pixels.
  function sized(canvas, w, h) {
    const scale = devicePixelRatio || 1
    Object.assign(canvas, { width: Math.ceil(w * scale), height: Math.ceil(h * scale) })
    Object.assign(canvas.style, { width: w + 'px', height: h + 'px' })
    const pen = canvas.getContext('2d')
    pen.scale(scale, scale)
    return pen
  }

  return class {
    // heading is the name of the element that has the text.
    constructor(heading) {
      const button = (text, lines) => element('button', { type: 'button', textContent: text, onclick: () => this.view(lines) })
      const part = (name, className) => this[name] = element(name === 'text' ? heading : 'p', { className: className || name })
      part('text')
      part('output')
      part('unread')
      this.next = element('div', { className: 'next' })
      this.all = element('div', { className: 'all' })
      this.all.setAttribute('aria-label', 'All maps')
      this.name = element(heading === 'h1' ? 'h2' : 'h4', { className: 'name' })
      part('scores')
      this.asMap = button('Map', false)
      this.asLines = button('Lines', true)
      this.lock = element('input', { type: 'checkbox', onchange: () => this.repaint() })
      this.bar = element('canvas', { width: 128, height: 1 })
      this.top = element('span')
      part('say')
      this.say.setAttribute('aria-live', 'polite')
      const large = () => element('canvas', { onmousemove: e => this.hover(e), onmouseleave: () => this.leave() })
      this.map = element('div', { className: 'map' }, large())
      this.lines = element('div', { className: 'lines', hidden: true }, large())
      this.one = element('div', { className: 'one' }, this.name, this.scores,
        element('div', { className: 'row' }, this.asMap, this.asLines, element('label', {}, this.lock, ' same scale for all'),
          element('span', { className: 'scale' }, element('span', { textContent: '0' }), this.bar, this.top)),
        this.say, this.map, this.lines)
      this.both = element('div', { className: 'both' }, this.all, this.one)
      this.box = element('div', { className: 'maps' }, element('div', { className: 'prompt' }, this.text, this.output, this.unread, this.next), this.both)
      this.maps = []
      this.at = { chosen: 0, lines: false, row: -1, column: -1 }
      dark.addEventListener('change', () => this.repaint())
      addEventListener('resize', () => this.draw())
    }

    // show shows a view. The map that was chosen stays so if the view has it, and so does the place of the cursor.
    show(data) {
      const before = this.maps.map(m => m.layer.name + m.label).join()
      this.data = data
      this.maps = mapsOf(data)
      this.prompt()
      if (this.maps.map(m => m.layer.name + m.label).join() !== before) {
        Object.assign(this.at, { chosen: 0, row: -1, column: -1 })
        this.overview()
      }
      const { rows, columns } = this.maps[this.at.chosen].layer
      if (this.at.row >= rows.length || this.at.column >= columns.length) Object.assign(this.at, { row: -1, column: -1 })
      this.repaint()
    }

    // prompt fills in the text, and what the model makes of it.
    prompt() {
      const { text, output, unread, next } = this.data
      this.text.textContent = text
      this.text.hidden = !text
      this.output.textContent = output ? '→ ' + shown(output) : ''
      const n = [...text].length
      this.unread.textContent = `Of ${n} characters the model reads ${n - (unread || 0)}: the maps are of the last.`
      this.unread.hidden = !unread
      this.next.replaceChildren(...(next || []).map(({ token, p }) => {
        const bar = element('i')
        bar.style.width = Math.max(1, 120 * p) + 'px'
        return element('span', {}, shown(token), bar, (100 * p).toFixed(1) + ' %')
      }))
      this.next.hidden = !next
    }

    // overview fills in the small maps.
    overview() {
      this.both.classList.toggle('alone', this.maps.length < 2)
      this.small = this.maps.map(() => element('canvas'))
      this.buttons = this.maps.map((map, i) => {
        const b = element('button', { type: 'button', className: map.k === map.layer.heads ? 'first' : '', title: this.title(map), onclick: () => this.choose(i) })
        b.append(this.small[i], map.head ? String(map.k + 1) : { average: 'avg', maximum: 'max', rollout: 'roll' }[map.label])
        return b
      })
      this.all.replaceChildren(...this.data.maps.map((layer, l) => element('div', { className: 'layer' },
        element('span', { textContent: layer.name }), element('div', { className: 'heads' }, ...this.buttons.filter((_, i) => this.maps[i].l === l)))))
    }

    title(map) { return map.layer.name + (this.maps.length > 1 ? ', ' + map.label : '') }

    full(map) { return this.lock.checked ? 1 : map.most }

    // paint draws a map, a pixel for each value.
    paint(canvas, map) {
      const w = map.layer.columns.length, h = map.layer.rows.length
      Object.assign(canvas, { width: w, height: h })
      const pen = canvas.getContext('2d'), picture = pen.createImageData(w, h)
      map.values.forEach((v, i) => picture.data.set([...colour(v / this.full(map)), 255], 4 * i))
      pen.putImageData(picture, 0, 0)
    }

    // ink and accent are colours as a canvas takes them: it does not know light-dark().
    ink() { return getComputedStyle(this.text).color }
    accent() { return getComputedStyle(this.output).color }

    // place returns where the cells of the large map are.
    place(map) {
      const left = 14 + 8 * longest(map.layer.rows), above = 20
      const wide = Math.max(240, this.one.clientWidth - left - 4), high = Math.max(240, innerHeight - 290 - above)
      const cell = Math.min(34, Math.max(5, Math.min(wide / map.layer.columns.length, high / map.layer.rows.length)))
      return { left, above, cell }
    }

    drawMap(map) {
      const { left, above, cell } = this.place(map), { rows, columns } = map.layer, { at } = this
      const pen = sized(this.map.firstChild, left + cell * columns.length + 2, above + cell * rows.length + 2)
      map.values.forEach((v, i) => {
        pen.fillStyle = `rgb(${colour(v / this.full(map))})`
        pen.fillRect(left + (i % columns.length) * cell, above + Math.floor(i / columns.length) * cell, Math.max(1, cell - 1), Math.max(1, cell - 1))
      })
      const ink = this.ink(), accent = this.accent()
      pen.font = font(Math.min(13, Math.max(9, cell)))
      pen.textBaseline = 'middle'
      const every = Math.max(1, Math.ceil(10 / cell))
      columns.forEach((t, j) => {
        if (j % every && j !== at.column) return
        pen.textAlign = 'center'
        pen.fillStyle = j === at.column ? accent : ink
        pen.fillText(short(t), left + (j + 0.5) * cell, above - 9)
      })
      rows.forEach((t, i) => {
        if (i % every && i !== at.row) return
        pen.textAlign = 'right'
        pen.fillStyle = i === at.row ? accent : ink
        pen.fillText(shown(t), left - 6, above + (i + 0.5) * cell)
      })
      if (at.row < 0 || at.column < 0) return
      pen.strokeStyle = accent
      pen.strokeRect(left, above + at.row * cell, cell * columns.length, cell)
      pen.strokeRect(left + at.column * cell, above, cell, cell * rows.length)
    }

    // sides returns where the two columns of tokens are.
    sides(map) {
      const wide = tokens => 24 + 8 * longest(tokens)
      const left = wide(map.layer.rows), right = wide(map.layer.columns)
      return { left, right, wide: Math.max(left + right + 160, Math.min(560, this.one.clientWidth)) }
    }

    drawLines(map) {
      const { left, right, wide } = this.sides(map), { rows, columns } = map.layer, { at } = this
      const pen = sized(this.lines.firstChild, wide, lineHeight * Math.max(rows.length, columns.length) + 4)
      const y = i => (i + 0.5) * lineHeight, ink = this.ink(), accent = this.accent()
      pen.strokeStyle = accent
      map.values.forEach((v, i) => {
        const row = Math.floor(i / columns.length), column = i % columns.length
        const share = v / this.full(map)
        if (!(share >= 0.02) || at.row >= 0 && row !== at.row || at.column >= 0 && column !== at.column) return
        pen.globalAlpha = Math.min(1, share)
        pen.lineWidth = 0.5 + 2.5 * Math.min(1, share)
        pen.beginPath()
        pen.moveTo(left, y(row))
        pen.lineTo(wide - right, y(column))
        pen.stroke()
      })
      pen.globalAlpha = 1
      pen.font = font(13)
      pen.textBaseline = 'middle'
      for (const [tokens, on, x, align] of [[rows, at.row, left - 8, 'right'], [columns, at.column, wide - right + 8, 'left']]) {
        pen.textAlign = align
        tokens.forEach((t, i) => {
          pen.fillStyle = i === on ? accent : ink
          pen.fillText(shown(t), x, y(i))
        })
      }
    }

    // tell names what is under the cursor.
    tell(map) {
      const { rows, columns } = map.layer, { row, column, lines } = this.at, [before, after] = this.data.words
      const bold = text => element('b', { textContent: '“' + shown(text) + '”' })
      const value = (i, j) => map.values[i * columns.length + j]
      if (row >= 0 && column >= 0) {
        this.say.replaceChildren(bold(rows[row]), ` ${before} ${value(row, column).toFixed(3)} ${after} `, bold(columns[column]))
      } else if (row >= 0 || column >= 0) {
        const others = row >= 0 ? columns.map((t, k) => [t, value(row, k)]) : rows.map((t, k) => [t, value(k, column)])
        others.sort((a, b) => b[1] - a[1])
        this.say.replaceChildren(bold(row >= 0 ? rows[row] : columns[column]), row >= 0 ? ` ${before} ${after}: ` : ' gives to: ', ...others.slice(0, 4).flatMap(([t, v]) => [bold(t), ` ${v.toFixed(3)}  `]))
      } else {
        this.say.textContent = lines ? 'Each token at the left takes from those at the right.' : `Each row ${before} ${after} the columns.`
      }
    }

    // draw draws the chosen map.
    draw() {
      const map = this.maps[this.at.chosen]
      if (!map || !this.box.isConnected) return
      this.name.textContent = this.title(map)
      const all = Object.entries(map.layer.scores).filter(() => map.head).map(([name, of]) => name + ' ' + (of[map.k] === null ? '–' : of[map.k].toFixed(3)))
      this.scores.textContent = map.head ? all.join('  ·  ') : map.label === 'rollout' ? 'what reaches each token through all layers up to this one' : map.label + ' of the layer’s heads'
      this.map.hidden = this.at.lines
      this.lines.hidden = !this.at.lines
      this.asMap.setAttribute('aria-pressed', !this.at.lines)
      this.asLines.setAttribute('aria-pressed', this.at.lines)
      this.at.lines ? this.drawLines(map) : this.drawMap(map)
      const pen = this.bar.getContext('2d')
      for (let x = 0; x < 128; x++) {
        pen.fillStyle = `rgb(${colour(x / 127)})`
        pen.fillRect(x, 0, 1, 1)
      }
      this.top.textContent = this.full(map).toFixed(3)
      this.buttons.forEach((b, i) => b.classList.toggle('chosen', i === this.at.chosen))
      this.tell(map)
    }

    repaint() {
      this.maps.forEach((map, i) => this.paint(this.small[i], map))
      this.draw()
    }

    choose(i) {
      Object.assign(this.at, { chosen: i, row: -1, column: -1 })
      this.draw()
    }

    view(lines) {
      Object.assign(this.at, { lines, row: -1, column: -1 })
      this.draw()
    }

    // hover takes the position of the cursor.
    hover(e) {
      const map = this.maps[this.at.chosen], { rows, columns } = map.layer
      const inside = (v, tokens) => v >= 0 && v < tokens.length ? v : -1
      let row = -1, column = -1
      if (!this.at.lines) {
        const { left, above, cell } = this.place(map)
        row = inside(Math.floor((e.offsetY - above) / cell), rows)
        column = inside(Math.floor((e.offsetX - left) / cell), columns)
        if (row < 0 || column < 0) row = column = -1
      } else {
        const { left, right, wide } = this.sides(map), at = Math.floor(e.offsetY / lineHeight)
        if (e.offsetX < left + 20) row = inside(at, rows)
        else if (e.offsetX > wide - right - 20) column = inside(at, columns)
      }
      if (row === this.at.row && column === this.at.column) return
      Object.assign(this.at, { row, column })
      this.draw()
    }

    leave() {
      Object.assign(this.at, { row: -1, column: -1 })
      this.draw()
    }

    // key takes a key: arrows choose a map, L and M lines or the map.
    key(e) {
      const layer = this.maps[this.at.chosen].layer, next = by => this.choose((this.at.chosen + by + this.maps.length) % this.maps.length)
      const per = layer.heads + layer.reduced.length
      const keys = { ArrowRight: () => next(1), ArrowLeft: () => next(-1), ArrowDown: () => next(per), ArrowUp: () => next(-per), l: () => this.view(true), m: () => this.view(false) }
      if (e.ctrlKey || e.metaKey || e.altKey || !keys[e.key]) return
      keys[e.key]()
      e.preventDefault()
    }
  }
})()
