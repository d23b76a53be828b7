// How a contraction reaches its two operands and its result. A place is where an element is: the
// number of the element in its array, or, with TYPE_address, its device address. Mesa's software
// driver checks the bounds of what is read through a descriptor, element by element; of an address
// it does not, and so contractions are twice as fast.
#if defined(TYPE_f64) || defined(TYPE_u64)
#define STORED_BYTES 8
#elif defined(TYPE_f16) || defined(TYPE_bf16) || defined(TYPE_u16)
#define STORED_BYTES 2
#elif defined(TYPE_u8)
#define STORED_BYTES 1
#else
#define STORED_BYTES 4
#endif

// The sums of a part of a contraction are not rounded to the type of its operands.
#ifdef TYPE_partial
#define RESULT VALUE
#define RESULT_BYTES 4  // of 16-bit floats: of the others, sums have the type of the operands
#define store_result(x) (x)
#else
#define RESULT STORED
#define RESULT_BYTES STORED_BYTES
#define store_result(x) store(x)
#endif

// What an operand's element is when it is multiplied. Cooperative matrices take it as it is.
#ifdef TYPE_matrix
#define FACTOR float16_t
#else
#define FACTOR VALUE
#endif

#ifdef TYPE_address
#extension GL_EXT_buffer_reference : require
layout(buffer_reference, std430, buffer_reference_align = STORED_BYTES) readonly buffer Operand {
  STORED element;
};
layout(buffer_reference, std430, buffer_reference_align = RESULT_BYTES) writeonly buffer Result {
  RESULT elements[];
};
#define PLACE uint64_t
#define distance(elements) (uint64_t(elements) * STORED_BYTES)
#define left_place(element) (packUint2x32(addresses[0]) + distance(element))
#define right_place(element) (packUint2x32(addresses[1]) + distance(element))
#define read_left(place) load(Operand(place).element)
#define read_right(place) load(Operand(place).element)
void write_result(uint element, VALUE value) {
  Result(packUint2x32(addresses[2])).elements[element] = store_result(value);
}
#else
layout(set = 0, binding = 1, std430) readonly buffer Left { STORED left_elements[]; };
layout(set = 0, binding = 2, std430) readonly buffer Right { STORED right_elements[]; };
layout(set = 0, binding = 3, std430) writeonly buffer Result { RESULT result_elements[]; };
#define PLACE uint
#define distance(elements) (elements)
#define left_place(element) (element)
#define right_place(element) (element)
#ifdef TYPE_matrix
#define read_left(place) uint16BitsToFloat16(left_elements[place])
#define read_right(place) uint16BitsToFloat16(right_elements[place])
#else
#define read_left(place) read_element(left_elements, place)
#define read_right(place) read_element(right_elements, place)
#endif
#ifdef TYPE_partial
void write_result(uint element, VALUE value) { result_elements[element] = value; }
#else
void write_result(uint element, VALUE value) { write_element(result_elements, element, value); }
#endif
#endif

// Adds `count` terms to each of the rows x columns `sums` of an invocation, and goes on by as many
// steps: left_at and right_at are the places of the rows and columns, `keep_left(i)` whether row i's
// elements count. Reading several terms before they are used lets sums stay in registers meanwhile.
#define ADD_TERMS(count, left_step, right_step, keep_left)                                    \
  {                                                                                           \
    VALUE left[rows * count];                                                                 \
    [[unroll]] for (uint l = 0; l < count; ++l)                                               \
      [[unroll]] for (uint i = 0; i < rows; ++i) {                                            \
        const VALUE value = read_left(left_at[i] + l * (left_step));                          \
        left[i * count + l] = keep_left(i) ? value : VALUE(0);                                \
      }                                                                                       \
    [[unroll]] for (uint j = 0; j < columns; ++j) {                                           \
      VALUE right[count];                                                                     \
      [[unroll]] for (uint l = 0; l < count; ++l)                                             \
        right[l] = read_right(right_at[j] + l * (right_step));                                \
      [[unroll]] for (uint i = 0; i < rows; ++i)                                              \
        [[unroll]] for (uint l = 0; l < count; ++l)                                           \
          sums[i * columns + j] =                                                             \
              MULTIPLY_ADD(left[i * count + l], right[l], sums[i * columns + j]);             \
    }                                                                                         \
    [[unroll]] for (uint i = 0; i < rows; ++i) left_at[i] += count * (left_step);             \
    [[unroll]] for (uint j = 0; j < columns; ++j) right_at[j] += count * (right_step);        \
  }
// The same for all `terms` of a sum, most of them `depth` at a time.
#define ADD_ALL_TERMS(terms, left_step, right_step, keep_left)                   \
  {                                                                              \
    uint term = 0;                                                               \
    if (depth > 1)                                                               \
      for (; term + depth <= (terms); term += depth)                             \
        ADD_TERMS(depth, left_step, right_step, keep_left)                       \
    for (; term < (terms); ++term) ADD_TERMS(1, left_step, right_step, keep_left)\
  }
#define keep_all(row) true
