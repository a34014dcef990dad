#include "kernels/linear/linear.h"

#include <algorithm>

#include "base/check.h"

namespace weft {

// What linear() reads of a prepared input.
struct LinearInputAccess {
  static const ConstMatrixF& x(const LinearInput& input) { return input.x_; }
  static bool has_integers(const LinearInput& input) { return input.has_integers_; }
  static Isa isa(const LinearInput& input) { return input.isa_; }
  static const int16_t* values(const LinearInput& input) { return input.values_.as<int16_t>(); }
  static const ActivationGroup* groups(const LinearInput& input) { return input.groups_.as<ActivationGroup>(); }
};

namespace {

// Rows times inputs from which preparing an input is worth waking other threads: about 20 us of work.
constexpr int64_t kParallelInputElements = 64 * 1024;

// Up to this many rows weights are streamed from memory once; beyond, blocks of rows reuse a panel from cache.
constexpr int64_t kStreamedRows = 8;

// Panels of one piece of streamed work, so that handing out work costs little beside doing it (some 10 us).
constexpr int64_t kStreamedPanelBytes = 128 * 1024;

const LinearKernels& kernels_of(Isa isa) {
  switch (isa) {
    case Isa::kAvx512:
      return kLinearAvx512;
    case Isa::kAvx2:
      return kLinearAvx2;
    case Isa::kScalar:
      return kLinearRef;
  }
  return kLinearRef;
}

void grow(Buffer& buffer, size_t bytes) {
  if (buffer.bytes() >= bytes) return;
  auto grown = Buffer::allocate(bytes + bytes / 4);
  CHECK(grown.has_value());  // sized at load by a full-budget warm-up step, so this cannot fail while serving
  buffer = std::move(grown).value();
}

// How one task is cut: pieces of `panels` panels times `rows` rows.
struct Cut {
  int64_t panels, panel_pieces;
  int64_t rows, row_pieces;
  int64_t pieces() const { return panel_pieces * row_pieces; }
};

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

Cut cut_task(const PackedMatrix& weight, int64_t rows, int num_threads) {
  Cut cut{1, weight.num_panels(), rows, 1};
  if (rows <= kStreamedRows) {
    int64_t fair = ceil_div(weight.num_panels(), int64_t{2} * num_threads);
    cut.panels = std::clamp<int64_t>(kStreamedPanelBytes / weight.panel_bytes, 1, fair);
    cut.panel_pieces = ceil_div(weight.num_panels(), cut.panels);
    return cut;
  }
  // A few panels for many threads: cut the rows too, in blocks that still reuse a panel.
  while (cut.panel_pieces * cut.row_pieces < int64_t{4} * num_threads && cut.rows >= 48) {
    cut.row_pieces *= 2;
    cut.rows = ceil_div(rows, cut.row_pieces);
  }
  cut.row_pieces = ceil_div(rows, cut.rows);
  return cut;
}

void run_piece(const LinearKernels& kernels, const LinearInput& input, const LinearTask& task, const Cut& cut,
               int64_t piece) {
  const PackedMatrix& weight = *task.weight;
  int64_t first_panel = piece % cut.panel_pieces * cut.panels;
  int64_t first_row = piece / cut.panel_pieces * cut.rows;
  int64_t rows = std::min(cut.rows, input.rows() - first_row);
  int64_t first_column = first_panel * kPanelColumns;
  int64_t columns = std::min(cut.panels * kPanelColumns, weight.n - first_column);
  const float* bias = task.bias == nullptr ? nullptr : task.bias + first_column;
  float* y = task.y.row(first_row) + first_column;
  if (weight.is_quantised()) {
    int64_t groups = weight.k / kGroupInputs;
    kernels.quantised({weight.layout, weight.scales, weight.panel(first_panel), weight.panel_bytes, groups,
                       LinearInputAccess::values(input) + first_row * weight.k,
                       LinearInputAccess::groups(input) + first_row * groups, rows, columns, bias, y, task.y.stride});
  } else {
    const ConstMatrixF& x = LinearInputAccess::x(input);
    kernels.plain({weight.layout, weight.panel(first_panel), weight.panel_bytes, weight.k, x.row(first_row), x.stride,
                   rows, columns, bias, y, task.y.stride});
  }
}

}  // namespace

void prepare_linear_input(OpContext& context, ConstMatrixF x, std::span<const PackedMatrix* const> weights,
                          LinearInput& out) {
  out.x_ = x;
  out.isa_ = context.isa;
  out.has_integers_ = false;
  for (const PackedMatrix* weight : weights) {
    CHECK(weight->k == x.cols);
    out.has_integers_ |= weight->is_quantised();
  }
  if (!out.has_integers_ || x.rows == 0) return;
  int64_t num_groups = x.cols / kGroupInputs;
  grow(out.values_, static_cast<size_t>(x.rows * x.cols) * sizeof(int16_t));
  grow(out.groups_, static_cast<size_t>(x.rows * num_groups) * sizeof(ActivationGroup));
  const LinearKernels& kernels = kernels_of(context.isa);
  auto quantise = [&](int64_t begin, int64_t end, int) {
    kernels.quantise_rows(x.row(begin), x.stride, end - begin, num_groups, out.values_.as<int16_t>() + begin * x.cols,
                          out.groups_.as<ActivationGroup>() + begin * num_groups);
  };
  if (x.rows * x.cols < kParallelInputElements) return quantise(0, x.rows, 0);
  context.pool->parallel_for(x.rows, std::max<int64_t>(1, kParallelInputElements / 4 / x.cols), quantise);
}

void linear(OpContext& context, const LinearInput& x, std::span<const LinearTask> tasks) {
  constexpr size_t kMaxTasks = 16;
  CHECK(tasks.size() <= kMaxTasks);
  if (x.rows() == 0) return;
  int num_threads = context.pool->num_threads();
  Cut cuts[kMaxTasks];
  int64_t first_piece[kMaxTasks + 1] = {};
  for (size_t i = 0; i < tasks.size(); ++i) {
    const PackedMatrix& weight = *tasks[i].weight;
    CHECK(weight.k == x.cols() && tasks[i].y.rows == x.rows() && tasks[i].y.cols == weight.n);
    CHECK(!weight.is_quantised() || (LinearInputAccess::has_integers(x) && LinearInputAccess::isa(x) == context.isa));
    cuts[i] = cut_task(weight, x.rows(), num_threads);
    first_piece[i + 1] = first_piece[i] + cuts[i].pieces();
  }
  const LinearKernels& kernels = kernels_of(context.isa);
  context.pool->parallel_for(first_piece[tasks.size()], 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t piece = begin; piece < end; ++piece) {
      size_t task = 0;
      while (piece >= first_piece[task + 1]) ++task;
      run_piece(kernels, x, tasks[task], cuts[task], piece - first_piece[task]);
    }
  });
}

}  // namespace weft
