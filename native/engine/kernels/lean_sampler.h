// The rules of engine/sampler.h in one pass for the maximum and one for the sum, both vectorised: what it chooses is the same.
#pragma once

#include "sampler.h"
#include "table.h"

namespace sotto::kernels {

class lean_sampler {
  public:
    lean_sampler(const sampler_vocabulary & vocabulary, const sampler_rules & rules, uint32_t seed,
                 const kernel_table & table = best_table());

    // Chooses the token after those accepted so far. `logits`: vocabulary.size floats, changed.
    sampled_token next(float * logits);

  private:
    struct range {
        int32_t first, last; // inclusive; last < first: none
    };
    struct allowed {
        bool  text, end;
        range timestamps;
    };
    allowed allowed_next() const;
    float   maximum(const float * logits, range r) const;
    double  sum(const float * logits, range r, float top, float temperature) const;
    int32_t first_equal(const float * logits, range r, float top) const;
    int32_t at_share(const float * logits, range r, float top, double & share) const;
    void    remember(int32_t id);

    const sampler_vocabulary & vocabulary_;
    const kernel_table &       table_;
    sampler_rules              rules_;
    std::mt19937               random_;
    int                        length_ = 0;
    bool                       last_was_timestamp_ = false;
    bool                       one_before_was_timestamp_ = false;
    int32_t                    latest_timestamp_ = -1;
};

} // namespace sotto::kernels
