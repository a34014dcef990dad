#include "model_files/extents.h"

#include <algorithm>
#include <tuple>

namespace weft {

Status check_extents(std::vector<Extent>& extents, bool exact, uint64_t total) {
  std::sort(extents.begin(), extents.end(),
            [](const Extent& a, const Extent& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
  uint64_t covered = 0;
  std::string_view previous;
  for (const Extent& extent : extents) {
    if (extent.begin < covered && extent.end > extent.begin) {
      return make_error(ErrorCode::kCorruptFile, "tensor \"{}\" at offset {} overlaps tensor \"{}\", which ends at {}",
                        extent.name, extent.begin, previous, covered);
    }
    if (exact && extent.begin != covered) {
      return make_error(ErrorCode::kCorruptFile, "no tensor owns the bytes from {} to {}, before tensor \"{}\"",
                        covered, extent.begin, extent.name);
    }
    covered = std::max(covered, extent.end);
    previous = extent.name;
  }
  if (exact && covered != total) {
    return make_error(ErrorCode::kCorruptFile, "the tensors end at byte {}, but the data has {} bytes", covered, total);
  }
  return {};
}

}  // namespace weft
