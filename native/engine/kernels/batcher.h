// Windows of any callers, encoded and decoded together by one thread and its team. Callers sleep until theirs is done. A window
// joins between two steps and leaves as soon as it has ended; an encoder's work is cut into parts, and after each the decoder
// makes a step.
#pragma once

#include "aligned_array.h"
#include "lean_sampler.h"
#include "thread_team.h"
#include "window_computer.h"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace sotto::kernels {

// How a call ended.
enum class ending { done, cancelled, failed, out_of_memory };

struct growth_rules {
    sampler_rules sampling;
    uint32_t      seed       = 0;
    int32_t       candidates = 1; // sequences to sample, with seeds that follow one another; the one with the best mean is kept
    int32_t       most       = 1; // tokens
};

// A sequence as it was grown, without end of text.
struct grown_text {
    std::vector<int32_t> ids;
    std::vector<float>   logprobs;
    bool                 ended       = false;
    float                end_logprob = 0.0f;

    double mean_logprob() const;
};

struct attention_head {
    int32_t layer, head;
};

class batcher {
  public:
    // `team`: chooses tokens, and may be what the computer computes with. `text_context`: positions of the decoder.
    batcher(std::unique_ptr<thread_team> team, std::unique_ptr<window_computer> computer, const sampler_vocabulary & vocabulary,
            int32_t text_context, const kernel_table & table = best_table());
    ~batcher();
    batcher(const batcher &) = delete;
    batcher & operator=(const batcher &) = delete;

    // `cancel` of all calls: a word that another thread sets to non-zero, or null; it is read before every part and step.

    // A slot that is nobody's, waiting for one if need be; -1: cancelled.
    int  take_slot(const int32_t * cancel);
    void give_slot(int slot);

    // `mel`: [2 * positions][mels].
    ending encode(int slot, const float * mel, int32_t positions, const int32_t * cancel);
    // Logits after `tokens`: as many floats as the vocabulary has.
    ending logits_after(int slot, const int32_t * tokens, int count, float * logits, const int32_t * cancel);
    // Grows a text after `prompt`; sample_us is what choosing tokens took.
    ending grow(int slot, const int32_t * prompt, int count, const growth_rules & rules, grown_text & out, int64_t & sample_us,
                const int32_t * cancel);
    // The cross-attention's queries of each token for each of `heads`: [head][token][64].
    ending read_queries(int slot, const int32_t * tokens, int count, const std::vector<attention_head> & heads,
                        std::vector<float> & out, const int32_t * cancel);

    // What of it a slot's caller may read between its calls.
    const window_computer & computer() const { return *computer_; }

  private:
    enum class aim { encode, logits, grow, queries };

    struct sequence {
        std::optional<lean_sampler> sampler;
        grown_text text;
        int32_t    token  = 0;    // sampled, and not yet passed through the decoder
        bool       grows  = false;
        float *    logits = nullptr; // of the step under way
        sampled_token chosen = {};
    };

    // What a caller sleeps for. It lies on the caller's stack.
    struct job {
        aim             wanted;
        int             slot;
        const int32_t * cancel;
        const float *   mel       = nullptr;
        int32_t         positions = 0;
        const int32_t * tokens    = nullptr; // prompt
        int             count     = 0;
        int             fed       = 0;       // of these, passed through the decoder
        int             feeds     = 0;       // rows of the step under way
        int             first_row = 0;
        const growth_rules * rules  = nullptr;
        const std::vector<attention_head> * heads = nullptr;
        float *         out       = nullptr; // logits or queries
        grown_text *    best      = nullptr;
        std::vector<float> first_logits = {}; // after the prompt, for further candidates
        sequence        sequences[SEQUENCES] = {};
        int32_t         candidates_begun = 0;
        bool            has_best  = false;
        int64_t         sample_us = 0;

        bool                    is_over = false;
        ending                  end     = ending::failed;
        std::condition_variable over = {};
    };

    class observer : public query_observer {
      public:
        explicit observer(const batcher & of) : of_(of) {}
        void observe(int layer, int first, int count, const float * queries, int64_t stride) override;

      private:
        const batcher & of_;
    };

    ending wait_for(job & work);
    void   end(job & work, ending how);
    void   run();
    void   admit(job & work);
    void   encode_a_part();
    bool   make_a_step();
    void   add_rows(job & work);
    void   take_logits(job & work, float * logits);
    void   begin_candidates(job & work);
    void   sample(std::vector<sequence *> & sequences);
    void   accept(job & work);
    void   end_cancelled();
    void   end_all(ending how);
    int    self_slot(const job & work, int sequence) const { return work.slot * SEQUENCES + sequence; }

    const sampler_vocabulary &       vocabulary_;
    const kernel_table &             table_;
    std::unique_ptr<thread_team>     team_;
    std::unique_ptr<window_computer> computer_; // after the team, with which it may compute
    observer                         observer_;
    aligned_array<float>             logits_;

    // Of the batcher's thread alone.
    std::vector<job *>                encodes_;
    bool                              is_encoding_ = false; // the first of them
    std::vector<job *>                texts_;
    std::vector<std::vector<int32_t>> remembered_;          // tokens whose keys a window's first sequence holds
    std::vector<decoder_row>          rows_;
    std::vector<int>                  wants_;
    std::vector<sequence *>           sampled_;

    std::mutex                        mutex_; // of all that follows
    std::condition_variable           work_, slot_;
    std::deque<job *>                 arrived_;
    std::vector<bool>                 is_taken_;
    bool                              ends_ = false;
    std::thread                       thread_; // last: it uses all of the above
};

} // namespace sotto::kernels
