// C++20 coroutines on poll(2): what they can wait for, in one thread.
//
//   task<T>   a coroutine that gives a T; it runs when it is awaited, or when it is given to loop::spawn
//   loop      co_await loop.wait(fd, POLLIN, deadline): false if the deadline came first, or the loop was stopped;
//             an fd of -1 waits for the deadline alone
#pragma once

#include "polling.hpp"

#include <algorithm>
#include <chrono>
#include <coroutine>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

template <class T>
class [[nodiscard]] task {
  public:
    struct promise_type {
        std::optional<T> value;
        std::coroutine_handle<> caller = std::noop_coroutine();

        task get_return_object() { return task(handle::from_promise(*this)); }
        std::suspend_always initial_suspend() noexcept { return {}; }
        auto final_suspend() noexcept {
            struct back_to_caller {
                bool await_ready() noexcept { return false; }
                std::coroutine_handle<> await_suspend(handle h) noexcept { return h.promise().caller; }
                void await_resume() noexcept {}
            };
            return back_to_caller();
        }
        void return_value(T v) { value = std::move(v); }
        void unhandled_exception() noexcept { std::terminate(); }   // these programs throw nothing but bad_alloc
    };
    using handle = std::coroutine_handle<promise_type>;

    task(task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    ~task() {
        if (handle_) handle_.destroy();
    }
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
        handle_.promise().caller = caller;
        return handle_;
    }
    T await_resume() { return std::move(*handle_.promise().value); }

  private:
    handle handle_;
    explicit task(handle h) noexcept : handle_(h) {}
};

class loop {
  public:
    using time_point = std::chrono::steady_clock::time_point;

  private:
    struct waiting {
        loop& in;
        int fd;
        short events;
        time_point deadline;
        std::coroutine_handle<> who{};
        bool ready = false;

        bool await_ready() const noexcept { return in.stopped(); }
        void await_suspend(std::coroutine_handle<> h) {
            who = h;
            in.waiting_.push_back(this);
        }
        bool await_resume() const noexcept { return ready; }
    };
    // A coroutine that belongs to nobody, and is gone when it ends.
    struct detached {
        struct promise_type {
            detached get_return_object() noexcept { return {}; }
            std::suspend_never initial_suspend() noexcept { return {}; }
            std::suspend_never final_suspend() noexcept { return {}; }
            void return_void() noexcept {}
            void unhandled_exception() noexcept { std::terminate(); }
        };
    };
    template <class T>
    static detached run_to_end(task<T> t) {
        co_await t;
    }

    std::vector<waiting*> waiting_;   // each stands in the frame of the coroutine that waits
    poller poller_;

  public:
    bool stopped() const noexcept { return poller_.stopped(); }
    waiting wait(int fd, short events, time_point deadline) { return {*this, fd, events, deadline}; }
    template <class T>
    void spawn(task<T> t) {
        run_to_end(std::move(t));
    }

    // Until nobody waits any more. SIGTERM and SIGINT stop it: then nobody waits for long.
    void run() {
        for (std::vector<pollfd> polled; !waiting_.empty();) {
            auto until = time_point::max();
            polled.clear();
            for (waiting const* w : waiting_) {
                polled.push_back({w->fd, w->events, 0});
                until = std::min(until, w->deadline);
            }
            poller_.wait(polled, until);

            auto const now = std::chrono::steady_clock::now();
            std::vector<waiting*> asked;   // who is resumed may wait again at once
            asked.swap(waiting_);
            for (std::size_t i = 0; i < asked.size(); ++i) {
                asked[i]->ready = polled[i].revents != 0;
                if (asked[i]->ready || stopped() || asked[i]->deadline <= now) asked[i]->who.resume();
                else waiting_.push_back(asked[i]);
            }
        }
    }
};
