// SPDX-License-Identifier: GPL-2.0

//! Reading, and what is kept of a message that was read in part: policy has queue and quota for it.

use mq_model::{
    world::{File, Process, World},
    How,
};
use mq_policy::{refusal::Refusal, registry::Handle};
use nix::errno::Errno;

use super::{
    machine::{file_key, number, Policy},
    registration::Message,
};

impl Policy {
    pub fn read(
        &mut self,
        caller: Process,
        file: File,
        how: How,
        size: usize,
    ) -> Result<Vec<u8>, Errno> {
        if size == 0 {
            return Ok(Vec::new());
        }
        let acting = self.acting(caller.id, file);
        let owner = match acting {
            Some(acting) => self.at(acting).owner,
            None => self
                .owners(caller.id, file)
                .into_iter()
                .find(|&owner| self.rests.contains_key(&(file.number, owner)))
                .ok_or(number(Refusal::NotRegistered))?,
        };
        let key = (file.number, owner);
        if !self.rests.contains_key(&key) {
            let acting = acting.expect("who has no rest is registered");
            let Some(oldest) = self.at(acting).queue.first() else {
                return Err(Errno::EAGAIN);
            };
            let (len, memory) = (oldest.line.len(), oldest.memory as u64);
            let user = self.at(acting).user;
            if len > size {
                self.forget_rests_of_the_dead(file);
                let limits = self.limits_of(caller.user);
                let quota = self.quotas.get_mut(&user).expect("counted before");
                quota.hold(memory, limits).map_err(|_| Errno::EDQUOT)?;
            }
            let message = self.at(acting).queue.pop();
            let message = message.expect("there is an oldest");
            self.settle(acting);
            let copied = size.min(len);
            if how.there(copied) < copied {
                self.put_back(acting, message);
                if len > size {
                    self.release(user, memory);
                }
                return Err(Errno::EFAULT);
            }
            if len <= size {
                return Ok(message.line);
            }
            self.rests.insert(key, (message, user));
        }
        let (rest, user) = self.rests.get_mut(&key).expect("there is a rest");
        let copied = size.min(rest.line.len());
        if how.there(copied) < copied {
            return Err(Errno::EFAULT);
        }
        let read = rest.line.drain(..copied).collect();
        if rest.line.is_empty() {
            let (memory, user) = (rest.memory as u64, *user);
            self.rests.remove(&key);
            self.release(user, memory);
        }
        Ok(read)
    }

    /// Puts back a message that could not be copied to its reader.
    pub fn put_back(&mut self, to: Handle, message: Message) {
        // What is lost is counted by the queue.
        drop(self.at(to).queue.put_back(message));
        self.settle(to);
    }

    fn release(&mut self, user: u32, memory: u64) {
        let quota = self.quotas.get_mut(&user).expect("counted before");
        quota.release(memory);
    }

    fn forget_rests_of_the_dead(&mut self, file: File) {
        self.forget_rests(|world, (number, owner)| {
            let has_exited = owner != file_key(number) && world.place(owner).is_none();
            number == file.number && owner != file.opener && has_exited
        });
    }

    pub fn forget_rests(&mut self, is_over: impl Fn(&World, (u64, u64)) -> bool) {
        let world = &self.world;
        let over: Vec<_> = self
            .rests
            .extract_if(.., |key, _| is_over(world, *key))
            .collect();
        for (_, (message, user)) in over {
            self.release(user, message.memory as u64);
            self.totals.add("truncated", 1);
        }
    }
}
