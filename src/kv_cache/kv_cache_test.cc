#include "kv_cache/kv_cache.h"

#include <gtest/gtest.h>

#include <numeric>

#include "base/rng.h"

namespace weft {
namespace {

const CacheGroup kFullGroup{.kind = CacheGroupKind::kFull, .num_layers = 1};

CacheGroup window_group(int32_t window) { return {.kind = CacheGroupKind::kWindow, .window = window, .num_layers = 1}; }

CacheSpec spec(std::vector<CacheGroup> groups) { return {std::move(groups), "layout", "model"}; }

std::vector<TokenId> count_from(TokenId first, int32_t num) {
  std::vector<TokenId> tokens(static_cast<size_t>(num));
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

// A sequence that runs through the cache as the scheduler would drive it.
struct Runner {
  Runner(KvCache& c, std::vector<TokenId> t, const std::string& salt = "") : cache(c), tokens(std::move(t)) {
    cache.begin(pages, salt);
  }
  int32_t hit(int32_t max_tokens) {
    cache.find_prefix(pages, tokens, max_tokens, prefix);
    return prefix.num_tokens;
  }
  void run_to(int32_t num_tokens) {
    cache.grow(pages, num_tokens);
    cache.commit(pages, tokens, num_tokens);
  }
  KvCache& cache;
  std::vector<TokenId> tokens;
  SequencePages pages;
  PrefixHit prefix;
};

void expect_sound(const KvCache& cache, std::vector<const SequencePages*> holders) {
  Status status = cache.check_integrity(holders);
  EXPECT_TRUE(status) << status.error().message;
}

TEST(KvCache, PagesOfASequenceAreSharedAfterItsEnd) {
  KvCache cache(spec({kFullGroup}), {8}, {});
  Runner a(cache, count_from(0, 40));
  a.run_to(40);
  EXPECT_EQ(cache.pool(0).num_in_use(), 3);
  cache.release(a.pages);
  EXPECT_EQ(cache.pool(0).num_evictable(), 2);  // the third page is not full
  EXPECT_EQ(cache.pool(0).num_free(), 6);

  Runner b(cache, count_from(0, 40));
  EXPECT_EQ(b.hit(39), 32);
  EXPECT_EQ(b.prefix.num_evictable, std::vector<int32_t>{2});
  cache.acquire(b.pages, b.prefix);
  Runner c(cache, count_from(0, 33));
  EXPECT_EQ(c.hit(32), 32);
  EXPECT_EQ(c.prefix.num_evictable, std::vector<int32_t>{0});
  cache.acquire(c.pages, c.prefix);
  EXPECT_EQ(cache.pool(0).num_in_use(), 2);
  expect_sound(cache, {&b.pages, &c.pages});
  cache.release(b.pages);
  EXPECT_EQ(cache.pool(0).num_in_use(), 2);
  cache.release(c.pages);
  EXPECT_EQ(cache.pool(0).num_evictable(), 2);
  expect_sound(cache, {});
}

TEST(KvCache, AHitStaysBelowTheLimitAndWithinTheSalt) {
  KvCache cache(spec({kFullGroup}), {8}, {});
  Runner a(cache, count_from(0, 32), "tenant 1");
  a.run_to(32);
  EXPECT_EQ(Runner(cache, count_from(0, 32), "tenant 1").hit(31), 16);
  EXPECT_EQ(Runner(cache, count_from(0, 32), "tenant 1").hit(32), 32);
  EXPECT_EQ(Runner(cache, count_from(0, 32), "tenant 2").hit(32), 0);
  EXPECT_EQ(Runner(cache, count_from(1, 32), "tenant 1").hit(32), 0);
  cache.release(a.pages);
}

TEST(KvCache, WithoutPrefixCachingNothingIsKept) {
  KvCache cache(spec({kFullGroup}), {8}, {.enable_prefix_caching = false});
  Runner a(cache, count_from(0, 32));
  a.run_to(32);
  cache.release(a.pages);
  EXPECT_EQ(cache.pool(0).num_free(), 8);
  EXPECT_EQ(Runner(cache, count_from(0, 33)).hit(32), 0);
}

TEST(KvCache, EvictsTheEndOfTheLeastRecentlyUsedPrefixFirst) {
  KvCache cache(spec({kFullGroup}), {6}, {});
  Runner a(cache, count_from(0, 48));
  a.run_to(48);
  cache.release(a.pages);
  Runner b(cache, count_from(500, 48));
  b.run_to(48);
  cache.release(b.pages);
  Runner c(cache, count_from(1000, 16));
  c.run_to(16);
  EXPECT_EQ(Runner(cache, count_from(0, 49)).hit(48), 32);
  EXPECT_EQ(Runner(cache, count_from(500, 49)).hit(48), 48);
  cache.release(c.pages);
  expect_sound(cache, {});
}

TEST(KvCache, WindowGroupFreesPagesThatTheWindowLeft) {
  KvCache cache(spec({kFullGroup, window_group(20)}), {16, 16}, {});
  Runner a(cache, count_from(0, 128));
  a.run_to(100);  // the next token, at 100, sees 81..100: pages 5 and 6
  EXPECT_EQ(cache.pool(0).num_in_use(), 7);
  EXPECT_EQ(cache.pool(1).num_in_use(), 2);
  EXPECT_EQ(a.pages.tables[1].pages[4], kNoPage);
  EXPECT_NE(a.pages.tables[1].pages[5], kNoPage);
  expect_sound(cache, {&a.pages});
  cache.release(a.pages);
  expect_sound(cache, {});
}

// The definition of a hit by brute force, against the walk, on random residency.
TEST(KvCache, LongestHitWithWindowGroupsEqualsBruteForce) {
  Rng rng(1);
  int32_t num_hits = 0;
  for (int trial = 0; trial < 400; ++trial) {
    const int32_t window = 1 + static_cast<int32_t>(rng.below(60));
    std::vector<CacheGroup> groups{window_group(window)};
    if (rng.chance(0.7)) groups.push_back(kFullGroup);
    KvCache cache(spec(groups), std::vector<int32_t>(groups.size(), 16), {});
    Runner a(cache, count_from(0, 16 * 12));
    // Chunks of random length leave, with the window, random pages behind; a second sequence then evicts some.
    for (int32_t done = 0; done < 16 * 12;) {
      done = std::min(16 * 12, done + 1 + static_cast<int32_t>(rng.below(40)));
      a.run_to(done);
    }
    cache.release(a.pages);
    Runner noise(cache, count_from(5000, 16 * 8));
    noise.run_to(static_cast<int32_t>(rng.below(16 * 8 + 1)));
    const int32_t max_tokens = static_cast<int32_t>(rng.below(16 * 12 + 1));

    Runner b(cache, a.tokens);
    const int32_t hit = b.hit(max_tokens);
    std::vector<std::vector<bool>> resident(groups.size(), std::vector<bool>(12));
    for (int32_t i = 0; i < 12; ++i) {
      PageContent content{a.pages.keys[i].key, a.pages.keys[i].fingerprint, {}};
      std::copy_n(a.tokens.begin() + 16 * i, 16, content.tokens.begin());
      for (size_t g = 0; g < groups.size(); ++g) resident[g][i] = cache.pool(g).find(content) != kNoPage;
    }
    int32_t expected = 0;
    for (int32_t length = 16; length <= max_tokens; length += 16) {
      bool all = true;
      for (size_t g = 0; g < groups.size(); ++g) {
        for (int32_t position = 0; position < length; ++position) {
          const bool visible = groups[g].kind == CacheGroupKind::kFull || position > length - window;
          if (visible && !resident[g][position / 16]) all = false;
        }
      }
      if (all) expected = length;
    }
    ASSERT_EQ(hit, expected) << "trial " << trial;
    num_hits += hit > 0 ? 1 : 0;
    cache.acquire(b.pages, b.prefix);
    expect_sound(cache, {&b.pages, &noise.pages});
  }
  EXPECT_GT(num_hits, 50);
}

// With keys cut to 4 bits almost every look-up collides; a hit must still be right.
TEST(KvCache, TokensAreComparedOnAHit) {
  KvCache cache(spec({kFullGroup}), {64}, {.enable_prefix_caching = true, .prefix_key_bits = 4});
  Rng rng(2);
  std::vector<Runner> published;
  for (int i = 0; i < 20; ++i) {
    published.emplace_back(cache, count_from(static_cast<TokenId>(100 * i), 48));
    published.back().run_to(48);
  }
  for (Runner& runner : published) cache.release(runner.pages);
  int32_t num_right = 0;
  for (int i = 0; i < 200; ++i) {
    const auto family = static_cast<TokenId>(rng.below(40));
    Runner probe(cache, count_from(100 * family, 48));
    // The family's own prefix with another family's page spliced in must stop the hit at the splice.
    std::copy_n(published[rng.below(20)].tokens.begin() + 16, 16, probe.tokens.begin() + 16);
    const bool spliced = probe.tokens[16] != probe.tokens[15] + 1;
    const int32_t hit = probe.hit(48);
    EXPECT_LE(hit, family >= 20 ? 0 : spliced ? 16 : 48);
    num_right += hit > 0 ? 1 : 0;
  }
  EXPECT_GT(num_right, 0);
  expect_sound(cache, {});
}

TEST(KvCache, CheckIntegrityFindsALostAndAFalseHolder) {
  KvCache cache(spec({kFullGroup}), {4}, {});
  Runner a(cache, count_from(0, 20));
  a.run_to(20);
  std::vector<const SequencePages*> none;
  std::vector<const SequencePages*> twice{&a.pages, &a.pages};
  EXPECT_FALSE(cache.check_integrity(none));
  EXPECT_FALSE(cache.check_integrity(twice));
  cache.release(a.pages);
}

// Random operations on one pool against the law of conservation.
TEST(PagePool, RandomOperationsKeepItsLaws) {
  Rng rng(3);
  PagePool pool(17);
  std::vector<int32_t> holders(17, 0);
  TokenId next = 0;
  for (int step = 0; step < 20'000; ++step) {
    const auto page = static_cast<PageId>(rng.below(17));
    switch (rng.below(4)) {
      case 0:
        if (pool.num_available() > 0) ++holders[static_cast<size_t>(pool.allocate())];
        break;
      case 1:
        if (pool.state(page) != PageState::kFree) {
          pool.retain(page);
          ++holders[static_cast<size_t>(page)];
        }
        break;
      case 2:
        if (holders[static_cast<size_t>(page)] > 0) {
          pool.release(page);
          --holders[static_cast<size_t>(page)];
        }
        break;
      default:
        if (pool.state(page) == PageState::kInUse) {
          PageContent content{.fingerprint = static_cast<uint64_t>(next)};
          content.tokens.fill(next++);
          content.key = sha256(std::to_string(rng.below(40)));  // few keys: collisions, too
          pool.publish(page, content);
        }
    }
    Status status = pool.check_integrity(holders);
    ASSERT_TRUE(status) << status.error().message << " at step " << step;
  }
  EXPECT_GT(pool.num_evictions(), 100);
}

}  // namespace
}  // namespace weft
