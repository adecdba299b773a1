// Command avo writes the AVX2 kernel of package autoencoder. It is a module of
// its own, so that nothing else depends on the generator; go generate in the
// folder above runs it.
//
// The kernel is the net of plan.go for one prefix. What makes it fast:
//
//   - Two pairs of outputs of a transposed convolution are made at a time, four
//     positions of 16 channels, in twelve independent sums: enough to keep both
//     multipliers busy while one product takes four cycles. Even outputs have
//     two sums each, so that the longest chain is 2·channels long.
//   - A weight is loaded once for two pairs, an input once for all products it
//     enters: 14 loads for 20 products, where two of either fit in a cycle.
//   - The second convolution has 8 channels, one register: it makes four
//     positions at a time, in two sums each.
//   - The last layer is not stored. Its distance from the embedding is taken
//     while it is in registers.
//
// Outputs are made by twos and fours, so a few past the last needed one are
// computed from whatever the buffers hold.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The shape of the net, as in plan.go.
const (
	symbols = 41
	maxLen  = 64
	wide    = 16
	narrow  = 8
	kernel  = 5
)

// Bytes.
const (
	lane       = 32 // one register
	wideRow    = 4 * wide
	narrowRow  = 4 * narrow
	tapTable   = symbols * wideRow
	tapRows    = 10 * lane // weights of one input channel, see plan.go
	codeBuffer = (1 + maxLen/4 + 1) * narrowRow
)

func main() {
	ConstraintExpr("amd64")
	TEXT("distanceAVX2", 0, "func(embed, taps, conv2, up1, up2 *float32, ids *uint8, outer, code *float32, n, first, codes, pairs1 int) float32")
	Doc("distanceAVX2 is distancePortable for a processor with AVX2 and FMA. It takes",
		"the weights of a Plan.")
	Pragma("noescape")

	outer := Mem{Base: Load(Param("outer"), GP64())} // the first layer's output, then the third's
	code := Mem{Base: Load(Param("code"), GP64())}   // the second's
	zero := YMM()
	VXORPS(zero, zero, zero)

	firstLayer(outer, zero)
	secondLayer(outer, code, zero)
	thirdLayer(code, outer, zero)
	lastLayer(outer)
	Generate()
}

// at is the address of a byte of a buffer.
func at(m Mem, base reg.Register, offset int) Mem {
	m = m.Offset(offset)
	m.Index, m.Scale = base, 1
	return m
}

// firstLayer adds up, at each position, the rows that the tables have for the
// five characters around it.
func firstLayer(out Mem, zero reg.VecVirtual) {
	Comment("First layer: rows 2 on of the outer buffer, zeros before and behind.")
	for _, row := range []int{0, 1, 2 + maxLen/2, 3 + maxLen/2} {
		for half := range 2 {
			VMOVUPS(zero, out.Offset(row*wideRow+half*lane))
		}
	}
	taps, ids, left := Load(Param("taps"), GP64()), Load(Param("ids"), GP64()), Load(Param("first"), GP64())
	to := GP64()
	XORQ(to, to)
	Label("first")
	lo, hi, id := YMM(), YMM(), GP64()
	for tap := range kernel {
		MOVBLZX(Mem{Base: ids, Disp: tap}, id.As32())
		SHLQ(U8(6), id)
		row := Mem{Base: taps, Index: id, Scale: 1, Disp: tap * tapTable}
		if tap == 0 {
			VMOVUPS(row, lo)
			VMOVUPS(row.Offset(lane), hi)
			continue
		}
		VADDPS(row, lo, lo)
		VADDPS(row.Offset(lane), hi, hi)
	}
	VMAXPS(zero, lo, lo)
	VMAXPS(zero, hi, hi)
	VMOVUPS(lo, at(out, to, 2*wideRow))
	VMOVUPS(hi, at(out, to, 2*wideRow+lane))
	ADDQ(U8(2), ids)
	ADDQ(U8(wideRow), to)
	DECQ(left)
	JNZ(LabelRef("first"))
}

// secondLayer makes four codes at a time, each in two sums.
func secondLayer(in, out Mem, zero reg.VecVirtual) {
	Comment("Second layer: rows 1 on of the code buffer, zeros before and behind.")
	VMOVUPS(zero, out)
	VMOVUPS(zero, out.Offset(codeBuffer-narrowRow))
	weights, left := Load(Param("conv2"), GP64()), Load(Param("codes"), GP64())
	from, to := GP64(), GP64()
	LEAQ(in, from)
	LEAQ(out.Offset(narrowRow), to)
	Label("second")
	var sums [4][2]reg.VecVirtual
	for i := range sums {
		sums[i] = [2]reg.VecVirtual{YMM(), YMM()}
		VMOVUPS(Mem{Base: weights}, sums[i][0])
		VXORPS(sums[i][1], sums[i][1], sums[i][1])
	}
	const unroll = 8
	w, x, steps := GP64(), GP64(), GP64()
	LEAQ(Mem{Base: weights, Disp: lane}, w)
	MOVQ(from, x)
	MOVQ(U32(kernel*wide/unroll), steps)
	Label("second_channels")
	for c := range unroll {
		weight, v := YMM(), YMM()
		VMOVUPS(Mem{Base: w, Disp: c * lane}, weight)
		for i := range sums {
			VBROADCASTSS(Mem{Base: x, Disp: 2*i*wideRow + 4*c}, v)
			VFMADD231PS(v, weight, sums[i][c%2])
		}
	}
	ADDQ(U32(unroll*lane), w)
	ADDQ(U8(4*unroll), x)
	DECQ(steps)
	JNZ(LabelRef("second_channels"))
	for i := range sums {
		VADDPS(sums[i][0], sums[i][1], sums[i][0])
		VMAXPS(zero, sums[i][0], sums[i][0])
		VMOVUPS(sums[i][0], Mem{Base: to, Disp: i * narrowRow})
	}
	ADDQ(U32(4*2*wideRow), from)
	ADDQ(U32(4*narrowRow), to)
	SUBQ(U8(4), left)
	JG(LabelRef("second"))
}

// thirdLayer is the first transposed convolution.
func thirdLayer(in, out Mem, zero reg.VecVirtual) {
	Comment("Third layer: rows 1 on of the outer buffer, zeros before and behind.")
	for half := range 2 {
		VMOVUPS(zero, out.Offset(half*lane))
		VMOVUPS(zero, out.Offset((1+maxLen/2)*wideRow+half*lane))
	}
	weights, left := Load(Param("up1"), GP64()), Load(Param("pairs1"), GP64())
	from, to := GP64(), GP64()
	LEAQ(in, from)
	LEAQ(out.Offset(wideRow), to)
	Label("third")
	y := twoPairs("third", weights, from, narrow)
	for i := range y {
		// The loop takes every register, so a zero is made anew.
		none := YMM()
		VXORPS(none, none, none)
		for half := range 2 {
			VMAXPS(none, y[i][half], y[i][half])
			VMOVUPS(y[i][half], Mem{Base: to, Disp: i*wideRow + half*lane})
		}
	}
	ADDQ(U8(2*narrowRow), from)
	ADDQ(U32(4*wideRow), to)
	SUBQ(U8(2), left)
	JG(LabelRef("third"))
}

// lastLayer is the second transposed convolution, and what it is for: the
// squared distance from the embedding, over the real positions.
func lastLayer(in Mem) {
	Comment("Last layer, never stored.")
	weights, embed := Load(Param("up2"), GP64()), Load(Param("embed"), GP64())
	ids, left := Load(Param("ids"), GP64()), Load(Param("n"), GP64())
	from, total := GP64(), YMM()
	LEAQ(in, from)
	VXORPS(total, total, total)
	Label("last")
	y := twoPairs("last", weights, from, wide)
	id := GP64()
	for i := range y {
		MOVBLZX(Mem{Base: ids, Disp: 2 + i}, id.As32())
		SHLQ(U8(6), id)
		for half := range 2 {
			VSUBPS(Mem{Base: embed, Index: id, Scale: 1, Disp: half * lane}, y[i][half], y[i][half])
			VMULPS(y[i][half], y[i][half], y[i][half])
			VADDPS(y[i][half], total, total)
		}
		DECQ(left)
		JZ(LabelRef("done"))
	}
	ADDQ(U8(4), ids)
	ADDQ(U32(2*wideRow), from)
	JMP(LabelRef("last"))
	Label("done")
	sum := total.AsX()
	half := XMM()
	VEXTRACTF128(U8(1), total, half)
	VADDPS(half, sum, sum)
	VMOVHLPS(sum, sum, half)
	VADDPS(half, sum, sum)
	VMOVSHDUP(sum, half)
	VADDSS(half, sum, sum)
	Store(sum, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// twoPairs makes outputs 2i, 2i+1, 2i+2, 2i+3 of a transposed convolution from
// the input rows i-1 to i+2, the first of which is at from.
func twoPairs(name string, weights, from reg.Register, channels int) (y [4][2]reg.VecVirtual) {
	// At i: even outputs over tap 0, the same over taps 1 and 2, odd outputs.
	var outer, even, odd [2][2]reg.VecVirtual
	for i := range 2 {
		for half := range 2 {
			outer[i][half], even[i][half], odd[i][half] = YMM(), YMM(), YMM()
			VXORPS(outer[i][half], outer[i][half], outer[i][half])
			VMOVUPS(Mem{Base: weights, Disp: half * lane}, even[i][half])
			VMOVUPS(Mem{Base: weights, Disp: half * lane}, odd[i][half])
		}
	}
	const unroll = 4
	w, x, steps := GP64(), GP64(), GP64()
	LEAQ(Mem{Base: weights, Disp: 2 * lane}, w)
	MOVQ(from, x)
	MOVQ(U32(channels/unroll), steps)
	Label(name + "_channels")
	for c := range unroll {
		row := func(i int) reg.VecVirtual {
			v := YMM()
			VBROADCASTSS(Mem{Base: x, Disp: 4 * (i*channels + c)}, v)
			return v
		}
		multiply := func(at int, a, b reg.VecVirtual, sums *[2][2]reg.VecVirtual) {
			for half := range 2 {
				weight := YMM()
				VMOVUPS(Mem{Base: w, Disp: c*tapRows + (at+half)*lane}, weight)
				VFMADD231PS(a, weight, sums[0][half])
				VFMADD231PS(b, weight, sums[1][half])
			}
		}
		a, b := row(0), row(1)
		multiply(0, a, b, &outer)
		a = row(2)
		multiply(2, b, a, &even)
		multiply(4, b, a, &odd)
		b = row(3)
		multiply(6, a, b, &even)
		multiply(8, a, b, &odd)
	}
	ADDQ(U32(unroll*tapRows), w)
	ADDQ(U8(4*unroll), x)
	DECQ(steps)
	JNZ(LabelRef(name + "_channels"))
	for i := range 2 {
		for half := range 2 {
			VADDPS(outer[i][half], even[i][half], even[i][half])
		}
		y[2*i], y[2*i+1] = even[i], odd[i]
	}
	return y
}
